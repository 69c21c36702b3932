#!/bin/sh
# Installs the real servers that tests drive (own temporary configuration, high ports, never their system service):
# as root on Debian only. Elsewhere the tests that need them say what to install.
have() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
wanted=""
have dovecot || wanted="$wanted dovecot-imapd"
have postfix || wanted="$wanted postfix"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || wanted="$wanted postgresql"
have chromium || have google-chrome || wanted="$wanted chromium"
have spamassassin || wanted="$wanted spamassassin"
have bwrap || wanted="$wanted bubblewrap"
have strace || wanted="$wanted strace"
[ -z "$wanted" ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
    echo "some tests will be skipped; to run them: apt-get install$wanted"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted >/dev/null
