#!/bin/sh
# Install the Debian packages that tests need and that are missing: debian_packages.sh PACKAGE...
# Services they bring are not started.  Without root, or without apt, it only says what is missing.
set -eu
missing=
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests need these packages, please install them:$missing" >&2
    exit 0
fi
echo "installing$missing"
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made=1
fi
trap 'status=$?; [ -z "$made" ] || rm -f "$policy"; [ $status = 0 ] || cat "$log" >&2; rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
apt-get update -q </dev/null >"$log" 2>&1 || true
# shellcheck disable=SC2086  # the names are words
apt-get install -q -y --no-install-recommends -o Dpkg::Use-Pty=0 $missing </dev/null >>"$log" 2>&1
