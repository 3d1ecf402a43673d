#!/bin/sh
# Proves `make run` and `make test` on a machine where nothing was installed by hand: a new Debian 12
# root made by debootstrap, a fresh clone of HEAD, and whatever the Makefile installs by itself.
#
#   tools/fresh.sh [refuse|run|test]...     all three when none is named; needs root and the network
#
#   refuse  a person without sudo is told what to install, and nothing else happens
#   run     a person with sudo types `make run`; /login has to answer; then once more, in seconds
#   test    root types `make test`
#
# Mirror, proxies and npm's registry are the ones this machine uses, read when the script runs. All
# mounts and processes live in namespaces that end with the script; the root is removed behind it.
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n== fresh: %s (%s s)\n' "$*" "$(($(date +%s) - started))"; }
die() { printf 'fresh: %s\n' "$*" >&2; exit 1; }

if [ "${FRESH_ROOT-}" = "" ]; then # outside: make the folder, enter the namespaces, clean up
    [ "$(id -u)" = 0 ] || die "this needs root: debootstrap, chroot"
    [ -z "$(git status --porcelain)" ] || echo "fresh: note: only what is committed is proven" >&2
    FRESH_ROOT=$(mktemp -d "${FRESH_DIR:-/var/tmp}/countersign-fresh.XXXXXX")
    export FRESH_ROOT
    trap 'rm -rf --one-file-system "$FRESH_ROOT"' EXIT
    trap 'exit 130' HUP INT TERM
    chmod 755 "$FRESH_ROOT"
    unshare --mount --pid --fork --kill-child sh tools/fresh.sh "$@" && status=0 || status=$?
    exit $status
fi

started=$(date +%s)
root=$FRESH_ROOT
parts=${*:-refuse run test}

# --- the root ------------------------------------------------------------------------------------

# The archive that this machine's apt uses for Debian itself: "address suite component" a line.
sources=$(apt-get indextargets --format '$(ORIGIN)|$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sed -n 's/^Debian|//p' | grep -E ' bookworm[^ ]* ' | sort -u)
mirror=$(printf '%s\n' "$sources" | awk '$2 == "bookworm" { print $1; exit }')
[ -n "$mirror" ] || die "apt on this machine knows no mirror of Debian 12 (bookworm)"

own_cas=$(find /usr/local/share/ca-certificates -name '*.crt' 2>/dev/null || true)
include=make,sudo${own_cas:+,ca-certificates}
say "debootstrap: minbase, and $include"
debootstrap --variant=minbase --include="$include" bookworm "$root" "$mirror" >"$root.log" 2>&1 ||
    { tail -20 "$root.log"; rm -f "$root.log"; die "debootstrap failed"; }
rm -f "$root.log"

printf '%s\n' "$sources" | sed 's/^/deb /' >"$root/etc/apt/sources.list"
apt-config dump | grep -iE '^Acquire::https?::proxy' >"$root/etc/apt/apt.conf.d/01fresh" || true
cp /etc/resolv.conf /etc/hosts "$root/etc/"
if [ -n "$own_cas" ]; then # a network that looks into TLS: its authorities, where Debian wants them
    # shellcheck disable=SC2086
    cp $own_cas "$root/usr/local/share/ca-certificates/"
    chroot "$root" update-ca-certificates >/dev/null 2>&1
fi
for key in registry proxy https-proxy noproxy; do
    value=$(npm config get $key 2>/dev/null || true)
    case $value in '' | null | undefined) ;; *) printf '%s=%s\n' "$key" "$value" ;; esac
done >"$root/etc/fresh.npmrc"
[ -z "$own_cas" ] || echo "cafile=/etc/ssl/certs/ca-certificates.crt" >>"$root/etc/fresh.npmrc"

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for person in plain dev; do
    chroot "$root" useradd --create-home --home-dir "/srv/$person" --shell /bin/sh "$person"
    git clone -q --no-hardlinks . "$root/srv/$person/countersign"
    chroot "$root" chown -R "$person:$person" "/srv/$person"
done
git clone -q --no-hardlinks . "$root/srv/countersign"
echo 'dev ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/dev"

# Runs a command as PERSON in PERSON's clone with the bare environment of a login.
as() { # PERSON COMMAND...
    person=$1 home=/srv/$1
    [ "$person" != root ] || home=/srv
    shift
    env -i HOME="$home" USER="$person" TERM=dumb LANG=C.UTF-8 NPM_CONFIG_USERCONFIG=/etc/fresh.npmrc \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        chroot --userspec="$person" --groups= "$root" sh -c 'cd "$HOME/countersign" && exec "$@"' sh "$@"
}

# --- the parts -----------------------------------------------------------------------------------

refuse() {
    say "a person without sudo types: make run"
    if as plain make run >"$root/out" 2>&1; then die "it should have refused"; fi
    cat "$root/out"
    grep -q 'apt-get install' "$root/out" || die "it did not say what to install"
}

# Starts `make run`, waits for the login page, ends the program. The port is any free one.
run_once() { # SECONDS
    as dev make run COUNTERSIGN_LISTEN=127.0.0.1:0 >"$root/out" 2>&1 &
    making=$!
    deadline=$(($(date +%s) + $1))
    while ! address=$(grep -oE 'listening on http://[0-9.:]+' "$root/out"); do
        kill -0 $making 2>/dev/null || { tail -40 "$root/out"; die "make run ended early"; }
        [ "$(date +%s)" -lt $deadline ] || { tail -40 "$root/out"; die "make run took longer than $1 s"; }
        sleep 0.2
    done
    wget -q -O "$root/login.html" "${address#listening on }/login" || die "no login page"
    grep -q '<form' "$root/login.html" || die "the login page has no form"
    for link in "$root"/proc/[0-9]*/exe; do
        case $(readlink "$link") in */srv/dev/countersign/build/countersign) pid=$(basename "$(dirname "$link")") ;; esac
    done
    sed -n '/need: /p; /listening on/,$p' "$root/out"
    echo "login page: $(wc -c <"$root/login.html") bytes, title: $(sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' "$root/login.html")"
    chroot "$root" sh -c "kill $pid"
    wait $making || die "make run did not end well"
}

run() {
    say "a person with sudo types: make run"
    run_once 900
    say "make run, the second time"
    run_once 10
    ! grep -q 'need:' "$root/out" || die "it installed something again"
}

test_() {
    say "root types: make test"
    as root make test >"$root/out" 2>&1 && status=0 || status=$?
    grep -E '^need: |^(ok  |FAIL) |^[0-9]+ (passed|skipped)' "$root/out"
    [ $status = 0 ] || { # each failed part's own words: tests/run.js puts them between --- and ---
        sed -n '/^--- /,/^---$/p' "$root/out"
        tail -20 "$root/out"
        die "make test failed"
    }
    say "what would be installed the second time"
    as root tools/need.sh build test node npm
    echo "nothing"
}

for part in $parts; do
    case $part in refuse) refuse ;; run) run ;; test) test_ ;; *) die "no such part: $part" ;; esac
done

# Services that packages brought would still be there.
left=
for link in "$root"/proc/[0-9]*/root; do
    [ "$(readlink "$link" || true)" != "$root" ] || left="$left $(tr '\0' ' ' <"${link%/root}/cmdline")"
done
[ -z "$left" ] || die "still running in the root:$left"
[ ! -e "$root/usr/sbin/policy-rc.d" ] || die "policy-rc.d was left behind"
say "all of it worked: $parts"
