# WordPress for an example: MariaDB and php-fpm under a directory of their own, everything on free ports or sockets. Sourced by
# examples/wordpress/run and examples/nginx-wordpress/run, which put nginx in front and install the site.
#
# Gives: $dir, $wordpress_locations (for nginx's server block), free_port, wait_for, start; ends with the script, and so does all it started.

trotline_packages_wordpress="wordpress mariadb-server php8.2-cli php8.2-fpm php8.2-mysql php8.2-gd php8.2-xml php8.2-curl
    php8.2-mbstring nginx python3 curl openssl"
need_packages build wordpress

dir=$(mktemp -d "${TMPDIR:-/tmp}/trotline-wordpress-XXXXXX")
chmod 755 "$dir"
pids=()
finish() {
    local code=$? pid
    trap - EXIT INT TERM
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    if [ $code -ne 0 ]; then tail -n 20 "$dir"/*.log >&2 || true; fi
    rm -rf "$dir"
    exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wait_for() { # WHAT COMMAND…: until it succeeds, at most 30 s
    local what=$1 tries
    shift
    for ((tries = 0; tries < 300; tries++)); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.1
    done
    echo "$what did not come up within 30 s" >&2
    return 1
}
start() { # LOG COMMAND…
    local log=$dir/$1.log
    shift
    "$@" >"$log" 2>&1 </dev/null &
    pids+=($!)
}

user=$(id -un)
dbuser=$user
if [ "$user" = root ]; then user=www-data dbuser=mysql; fi

echo "starting MariaDB"
mkdir "$dir/db"
if [ "$(id -u)" = 0 ]; then chown mysql "$dir/db"; chmod 777 "$dir"; fi
mariadb-install-db --no-defaults --user="$dbuser" --datadir="$dir/db" --auth-root-authentication-method=normal --skip-test-db \
    >"$dir/db-install.log" 2>&1
start mariadb mariadbd --no-defaults --user="$dbuser" --datadir="$dir/db" --socket="$dir/db.sock" --pid-file="$dir/db/pid" --skip-networking \
    --innodb-flush-log-at-trx-commit=2
sql() { mariadb --no-defaults -S "$dir/db.sock" -u root "$@"; }
wait_for MariaDB sql -e 'SELECT 1'
if [ "$(id -u)" = 0 ]; then chmod 755 "$dir"; fi
sql -e "CREATE DATABASE wp; CREATE USER wp@localhost; GRANT ALL ON wp.* TO wp@localhost"

echo "starting WordPress (php-fpm)"
cp -rL /usr/share/wordpress "$dir/wp" 2>/dev/null || [ -f "$dir/wp/wp-load.php" ]
rm -f "$dir/wp/wp-config.php" "$dir/wp/.htaccess"
cp examples/wordpress/wp-config.php "$dir/wp/"
mkdir -p "$dir/wp/wp-content/uploads" "$dir/nginx"
if [ "$(id -u)" = 0 ]; then chown -R www-data "$dir/wp/wp-content" "$dir/nginx"; fi
cat >"$dir/fpm.conf" <<EOF
[global]
error_log = $dir/fpm-error.log
daemonize = no
[wp]
listen = $dir/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = 4
$([ "$(id -u)" = 0 ] && echo "user = www-data")
EOF
start fpm php-fpm8.2 --nodaemonize --fpm-config "$dir/fpm.conf"
wordpress_locations=$(cat <<EOF
        location / { try_files \$uri \$uri/ /index.php?\$args; }
        location ~ \.php\$ {
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME \$document_root\$fastcgi_script_name;
            fastcgi_param HTTP_HOST \$http_host; # Debian's parameters lose the port
            fastcgi_pass unix:$dir/fpm.sock;
        }
EOF
)
nginx_head=$(cat <<EOF
daemon off; pid $dir/nginx/pid; error_log $dir/nginx.log notice; worker_processes 2;
$([ "$(id -u)" = 0 ] && echo "user www-data;")
events {}
EOF
)
nginx_http=$(cat <<EOF
    include /etc/nginx/mime.types; access_log off; client_max_body_size 64m;
    client_body_temp_path $dir/nginx/body; proxy_temp_path $dir/nginx/proxy; fastcgi_temp_path $dir/nginx/fastcgi;
    uwsgi_temp_path $dir/nginx/uwsgi; scgi_temp_path $dir/nginx/scgi;
EOF
)
