#!/usr/bin/env bash
# Runs what the image runs, without Docker: the Dockerfile's CMD as its user, without capabilities, in a root of its own
# in which everything but /library and /tmp is read-only, as compose.yml has it.
#
#   sudo deploy/rehearse.sh VENV MUSIC     VENV: pip installed '.[serve,av]' into it; MUSIC: a folder of audio files
#
# Needs root, and util-linux. What it leaves out: building the layers, and the base image's own Python.
set -euo pipefail
[[ $# == 2 && -x $1/bin/moodrec && -d $2 ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
venv=$(realpath "$1") music=$(realpath "$2") here=$(dirname "$(realpath "$0")")
user=$(sed -n 's/^USER //p' "$here/../Dockerfile")
mapfile -t command < <(python3 -c 'import json, re, sys
print(*json.loads(re.findall(r"^CMD (\[.*\])$", open(sys.argv[1]).read(), re.M)[-1]), sep="\n")' "$here/../Dockerfile")
mapfile -t health < <(python3 -c 'import json, re, sys
print(*json.loads(re.search(r"HEALTHCHECK.*?CMD (\[.*?\])$", open(sys.argv[1]).read(), re.M | re.S)[1]), sep="\n")' "$here/../Dockerfile")

root=$(mktemp -d) library=$(mktemp -d)
cleanup() { rm -rf "$library"; rmdir "$root"; }
trap cleanup EXIT
chown "$user:$user" "$library"

inside() {
  mount -t tmpfs -o mode=755 root "$root"
  for place in usr lib lib64 bin etc; do
    if [[ -L /$place ]]; then cp -P "/$place" "$root/$place"; elif [[ -d /$place ]]; then bind "/$place" "$root/$place"; fi
  done
  bind "$music" "$root/music"
  mkdir -p "$root/library" "$root/tmp" "$root/proc" "$root/dev"
  mount --bind "$library" "$root/library"
  mount -t tmpfs -o mode=1777 tmp "$root/tmp"
  bind "$venv" "$root$venv" # it may lie in /tmp
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -o remount,ro "$root"
  as_user() { chroot "$root" setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    env -i PATH="$venv/bin:/usr/bin:/bin" MOODREC_LIBRARY=/library HOME=/tmp MOODREC_SERVE_TOKEN=0123456789abcdef "$@"; }
  if as_user "${command[@]}" --check --host 0.0.0.0 >/dev/null; then echo "serve --check: ok"; else echo "serve --check fails"; return 1; fi
  if env -i true && ! chroot "$root" setpriv --reuid "$user" --regid "$user" --clear-groups env -i PATH="$venv/bin" "${command[@]}" 2>/dev/null; then
    echo "without a token it refuses to start: ok"
  fi
  as_user "${command[@]}" & server=$!
  for _ in $(seq 100); do if as_user "${health[@]}" 2>/dev/null; then break; fi; sleep 0.2; done
  as_user "${health[@]}" && echo "health check: ok"
  as_user python - <<'PYTHON'
import json, os, time, urllib.request
def call(place, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer 0123456789abcdef", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8765" + place, data, headers), timeout=60) as answer:
        return json.load(answer)
job = call("/v1/jobs", {})
while (state := call(f"/v1/jobs/{job['id']}"))["ended"] is None:
    time.sleep(0.2)
assert state["state"] == "done", state
found = call("/v1/tracks?limit=1")
assert found["total"], found
similar = call(f"/v1/similar?seed={found['tracks'][0]['track_id']}")
print(f"analysed {found['total']} tracks of a read-only folder: ok; similar: {similar['count']} tracks")
for place in ("/music", "/usr", "/etc", "/"):
    try:
        open(os.path.join(place, "written"), "w")
    except OSError:
        continue
    raise SystemExit(f"{place} can be written")
print(f"nothing but /library and /tmp can be written: ok; uid {os.getuid()}, no capabilities:",
      *[line for line in open("/proc/self/status").read().splitlines() if line.startswith("CapEff")])
PYTHON
  kill "$server"
  for _ in $(seq 100); do if ! kill -0 "$server" 2>/dev/null; then break; fi; sleep 0.2; done
  echo "ended by SIGTERM: ok"
}
bind() { mkdir -p "$2"; mount --rbind "$1" "$2"; mount -o remount,bind,ro "$2"; }
export -f inside bind
export root library venv music user
export commands="${command[*]@Q}" healths="${health[*]@Q}"
unshare --mount --net --pid --fork --propagation private bash -euo pipefail -c '
  eval "command=($commands) health=($healths)"
  ip link set lo up; inside'
