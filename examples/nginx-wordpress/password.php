<?php
// Gives admin a new password, which it prints. Usage: php password.php DIRECTORY URL
$_SERVER['HTTP_HOST'] = parse_url($argv[2], PHP_URL_HOST) . ':' . parse_url($argv[2], PHP_URL_PORT);
$_SERVER['REQUEST_METHOD'] = 'GET';
require $argv[1] . '/wp-load.php';
$made = bin2hex(random_bytes(12));
wp_set_password($made, 1);
echo $made;
