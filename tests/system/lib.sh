# Sourced by the scripts of this folder, which `tests/run` calls. Each takes CASEFILE, the path of the native program, from the environment,
# works in a folder of its own that is removed at the end, counts its checks, and exits 0 (all passed), 1, or 77 (can't run here).
#
#   step WORDS             says what is looked at now
#   expect CODES COMMAND   a check: COMMAND must exit with one of CODES, "0" or "0 1"; its output is in $work/stdout and $work/stderr
#   ok WORDS, fail WORDS   a check made by hand
#   skip WORDS             this machine can't run the script
#   take_bundle [FOLDER]   a check: the last `expect` printed the path of a bundle, below FOLDER; it is in $bundle
#   says TEXT              a check: TEXT stands in the last `expect`'s stdout
#   verified COMMAND       a check: COMMAND, a `verify --json`, calls the bundle safe and whole; its checklist need not be met

set -uo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=$(basename "$0")
passed=0
failed=0
for variable in CASEFILE CASEFILE_EXE CASEFILE_MUSL BAGIT; do
  [ ! -e "${!variable:-}" ] || export $variable="$(realpath "${!variable}")"
done
[ -x "${CASEFILE:-}" ] || { echo "$name: CASEFILE does not name the program" >&2; exit 2; }

finish() {
  local status=$?
  trap - EXIT
  cd / && rm -rf "$work"
  [ $status != 77 ] || exit 77
  echo "$name: $passed passed, $failed failed"
  # A bare `exit` in a trap would end with what was there before the trap.
  if [ $status = 0 ] && [ $failed = 0 ] && [ $passed -gt 0 ]; then exit 0; fi
  exit 1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/casefile-$name.XXXXXX") || exit 2
trap finish EXIT
cd "$work" || exit 2

step() { echo "- $*"; }
ok() { passed=$((passed + 1)); echo "  ok: $*"; }
fail() { failed=$((failed + 1)); echo "  FAILED: $*"; }
skip() { echo "$name: skipped: $*" >&2; exit 77; }

expect() {
  local codes=$1 status words
  shift
  words=${*##*/}
  [ ${#words} -le 90 ] || words="${words:0:90}…"
  timeout --kill-after=10 "${TIME_LIMIT:-300}" "$@" > "$work/stdout" 2> "$work/stderr" < /dev/null
  status=$?
  if [[ " $codes " == *" $status "* ]]; then
    ok "$words (exit $status)"
    return 0
  fi
  fail "exit $status, not ${codes// / or }: $words"
  sed 's/^/    stdout: /' "$work/stdout" | tail -20
  sed 's/^/    stderr: /' "$work/stderr" | tail -20
  return 1
}

# The path is the last line on stdout; a Windows program under wine writes it with backslashes and perhaps a drive.
take_bundle() {
  bundle=${1:-}$(tail -n 1 "$work/stdout" | tr -d '\r' | tr '\\' '/' | sed 's,^//?/,,; s,^[A-Za-z]:/,/,')
  if [ -s "$bundle" ] && [[ $bundle == *.casefile.zip ]]; then
    ok "made ${bundle##*/}"
  else
    fail "no bundle at '$bundle', the last line on stdout"
    return 1
  fi
}

# 0 is ready, 1 is safe and whole but not ready, 3 would be damaged or hostile.
verified() {
  expect "0 1" "$@" || return
  says '"safe": true' && says '"whole": true'
}

says() {
  if grep -qF -- "$1" "$work/stdout"; then
    ok "it says $1"
  else
    fail "it does not say $1"
    sed 's/^/    stdout: /' "$work/stdout" | head -20
    return 1
  fi
}

# A log, a configuration file, and a profile that asks for both, for host facts and for a command that only reads, in $work.
# ROOT is $work as the program sees it.
make_input() {
  local root=${1:-$work} command='["uptime"]'
  [[ $root == /* ]] || command='["ipconfig", "/all"]'
  mkdir -p input
  cat > input/app.log <<'LOG'
2026-11-23T09:58:01Z INFO  checkout started, build 4711
2026-11-23T10:01:17Z ERROR payment gateway timed out after 30 s
2026-11-23T10:02:40Z ERROR payment gateway timed out after 30 s
LOG
  printf 'listen = "0.0.0.0:8080"\nworkers = 4\n' > input/app.toml
  cat > profile.toml <<PROFILE
name = "one small application"

[host]

[[logs]]
purpose = "messages of the application"
paths = ['$root/input/*.log']

[[config]]
purpose = "how the application is set up"
paths = ['$root/input/*.toml']

[[commands]]
name = "one"
purpose = "a command of the built-in list"
run = $command
PROFILE
}

# All facts that a hand-off needs beside logs, configuration and host facts.
facts=(
  --account-id A-17 --summary "checkout answers 503" --service checkout --step "put a book in the basket" --step "pay"
  --error "payment gateway timed out after 30 s" --no-screenshots "the error message says it all"
  --started-at 2026-11-23T10:01:00Z --reported-at 2026-11-23T10:15:00Z --tried "restart => no change"
  --who "customers of the shop" --cannot "pay" --affected 40 --total 400 --affected-since 2026-11-23T10:01:00Z
  --scope major-function --no-workaround "there is one way to pay" --business-impact "no sales"
  --escalation-reason "the gateway's log is not ours to read" --sla "Gold: 30 minutes" --sla-minutes 30 --zone Europe/Berlin
  --contact-name "Anna Example" --contact-address anna@example.com --channel phone
  --emergency-name "Ben Example" --emergency-address "+49 30 1234567" --browser no
)
