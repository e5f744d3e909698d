# Debian 12's packages that Trotline needs, and how to get them. Sourced by tests/run, examples/*/run and tests/bench/run.
#
#   need_packages build        what compiles it
#   need_packages build test   … and what the tests use
#   need_packages nginx        nginx, and what its module is compiled with
#
# Installs only what is missing, as root or with sudo; says what it does; asks nothing.

trotline_packages_build="g++ cmake ninja-build pkg-config libevent-dev libidn2-dev libcurl4-openssl-dev libjansson-dev libsimdjson-dev
    libssl-dev libsqlite3-dev libfmt-dev zlib1g-dev libbrotli-dev libtomlplusplus-dev libcli11-dev libcmocka-dev libjq-dev ca-certificates"
trotline_packages_test="clang clang-format clang-tidy libclang-rt-14-dev llvm-14 python3 python3-pytest curl openssl sqlite3 strace
    procps iproute2 nftables e2fsprogs nodejs mmdebstrap libnginx-mod-http-lua libnginx-mod-http-js
    libnginx-mod-http-modsecurity libnginx-mod-http-brotli-filter libnginx-mod-http-headers-more-filter libnginx-mod-http-image-filter"
trotline_packages_nginx="nginx nginx-dev"
trotline_packages_bench="wrk nghttp2-client nginx-light curl strace procps python3 libnginx-mod-http-lua libnginx-mod-http-js
    libnginx-mod-http-modsecurity"
trotline_packages_demo="python3 curl openssl"

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "this needs root: $*" >&2
        echo "run it as root, or install sudo" >&2
        return 1
    fi
}

package_here() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

need_packages() {
    local list name missing=()
    for list in "$@"; do
        list="trotline_packages_$list"
        for name in ${!list}; do
            package_here "$name" || missing+=("$name")
        done
        # Other builds of nodejs than Debian's bring npm along, and do not get on with Debian's package of it.
        if [ "$list" = trotline_packages_test ] && ! command -v npm >/dev/null; then missing+=(npm); fi
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    echo "installing: ${missing[*]}"
    # RUNLEVEL=1: a server that comes as a package shall not start by itself.
    local install=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends "${missing[@]}")
    # The lists of a new machine are empty, those of an old one name versions that are gone: fetch them only when it takes it.
    if ! as_root "${install[@]}" </dev/null >/dev/null 2>&1; then
        as_root apt-get update -q </dev/null >/dev/null || return 1
        as_root "${install[@]}" </dev/null || {
            echo "apt-get could not install: ${missing[*]}" >&2
            return 1
        }
    fi
}
