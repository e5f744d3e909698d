<?php
// Installs a WordPress without a browser: tables, the admin, permalinks, and an application password, which it prints.
// Usage: php install.php DIRECTORY URL
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = parse_url($argv[2], PHP_URL_HOST) . ':' . parse_url($argv[2], PHP_URL_PORT);
$_SERVER['REQUEST_METHOD'] = 'GET';
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Trotline example', 'admin', 'admin@example.test', false, '', bin2hex(random_bytes(12)));
update_option('permalink_structure', '/%postname%/');
$made = WP_Application_Passwords::create_new_application_password(1, array('name' => 'trotline'));
if (is_wp_error($made)) {
    fwrite(STDERR, $made->get_error_message() . "\n");
    exit(1);
}
echo $made[0], "\n";
