#!/bin/sh
# Makes sure that what an occasion needs is installed: tools/need.sh OCCASION...
#
# The occasions and their Debian packages are in packaging/apt.txt; "node" is satisfied by any node
# and npm of version 18 or newer, and "npm" stands for the packages of package-lock.json. When
# nothing is missing this says nothing and takes a few milliseconds. As root, or with sudo, it
# installs; otherwise it lists what is missing and fails. It never starts a service.
set -eu
cd "$(dirname "$0")/.."
list=packaging/apt.txt

say() { printf 'need: %s\n' "$*" >&2; }

packages_of() { # OCCASION -> its packages, one a line
    awk -v want="[$1]" '/^\[/ { on = $1 == want } on && /^[a-z0-9]/ { print $1 }' "$list"
}

node_is_enough() {
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 &&
        node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)'
}

missing_of() { # PACKAGE... -> those that are not installed
    have=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
    for package; do
        case $have in *" installed:$package "*) ;; *) printf '%s ' "$package" ;; esac
    done
}

# Packages may bring services (a database, say); a developer's machine is not the place to start
# them unasked. /usr/sbin/policy-rc.d is Debian's switch for that; one that is there already is the
# owner's decision and stays.
as_root_install() {
    policy=/usr/sbin/policy-rc.d
    mark='# put here by tools/need.sh while it installs packages'
    if [ ! -e $policy ] || grep -qxF "$mark" $policy; then # a leftover of a killed run is ours too
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >$policy
        chmod 755 $policy
    fi
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    if ! quietly apt-get install -s -q --no-install-recommends "$@" 2>/dev/null || ! apt_install "$@"; then
        say "apt-get update" # no package lists yet, or older ones than the mirror has
        quietly apt-get update -q
        apt_install "$@"
    fi
}

apt_install() {
    quietly apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}

# Runs a command; its output matters only when it fails.
quietly() {
    output=$("$@" 2>&1) || {
        status=$?
        printf '%s\n' "$output" | tail -n 30 >&2
        return $status
    }
}

install() { # PACKAGE...
    if [ "$(id -u)" = 0 ]; then
        say "installing with apt-get: $*"
        (as_root_install "$@")
    elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        say "installing with sudo apt-get: $*"
        sudo sh tools/need.sh --install "$@"
    else
        say "these Debian packages are missing, and installing them needs root or sudo:"
        printf '\n    apt-get install --no-install-recommends %s\n\n' "$*" >&2
        exit 1
    fi
}

if [ "${1-}" = --install ]; then # what sudo runs
    shift
    (as_root_install "$@")
    exit
fi

wanted= npm=
for occasion; do
    case $occasion in
    npm) npm=1 ;;
    node) node_is_enough || wanted="$wanted $(packages_of node)" ;;
    *) wanted="$wanted $(packages_of "$occasion")" ;;
    esac
done

if [ -n "$wanted" ]; then
    if command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1; then
        # shellcheck disable=SC2086 # names without blanks
        missing=$(missing_of $wanted)
        # shellcheck disable=SC2086
        [ -z "$missing" ] || install $missing
    else
        say "not a Debian system; the counterparts of these are needed:" $wanted
    fi
fi

if [ -n "$npm" ] && ! cmp -s package-lock.json node_modules/.lock-installed; then
    say "installing with npm ci: $(sed -n 's/^    "\([a-z@].*\)": "[0-9].*/\1/p' package.json | tr '\n' ' ')"
    npm ci --no-audit --no-fund --loglevel=error >&2
    cp package-lock.json node_modules/.lock-installed
fi
