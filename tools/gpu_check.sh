#!/usr/bin/env bash
# What needs a GPU, checked in under ten minutes: the tests marked gpu, the exact scan over one and ten million tracks
# beside the CPU, and the training of a small network.
#
#   tools/gpu_check.sh             with the packages that `python3` has
#   tools/gpu_check.sh WHEELS      on a machine without a registry: installs the wheels of a folder beside them first.
#                                  With PyTorch, NumPy, pandas, pyarrow and pytest there, these are under 64 MiB:
#       pip download --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_28_x86_64 -d WHEELS \
#         faiss-cpu sqlglot soundfile soxr mutagen pydantic pydantic-core typing-inspection annotated-types platformdirs
#
# PYTHON=python3.12 names another interpreter; GPU_CHECK_DEVICE=cpu runs small versions of it all without a GPU.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
PYTHON=${PYTHON:-python3}
DEVICE=${GPU_CHECK_DEVICE:-cuda}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" XDG_CACHE_HOME="$scratch/cache"

if [ $# -gt 0 ]; then
  "$PYTHON" -m pip install -q --no-index --no-deps --no-compile --upgrade --target "$scratch/site" "$1"/*.whl \
    || { echo "gpu_check: the wheels of $1 cannot be installed" >&2; exit 2; }
  export PYTHONPATH="$PYTHONPATH:$scratch/site"
fi

"$PYTHON" - "$DEVICE" <<'PROGRAM' || exit $?
import importlib.util
import sys

needed = "torch torchaudio numpy pandas pyarrow faiss sqlglot soundfile soxr mutagen pydantic typer pytest hypothesis"
if missing := [name for name in needed.split() if importlib.util.find_spec(name) is None]:
    print(f"gpu_check: this Python lacks {', '.join(missing)}: install them, or give a folder of wheels", file=sys.stderr)
    sys.exit(2)
import torch

if sys.argv[1] == "cuda" and not torch.cuda.is_available():
    print(
        f"gpu_check: PyTorch {torch.__version__} sees no GPU, so nothing was checked; GPU_CHECK_DEVICE=cpu runs small "
        "versions on the CPU",
        file=sys.stderr,
    )
    sys.exit(3)
print("device:", torch.cuda.get_device_name() if sys.argv[1] == "cuda" else "cpu", "with PyTorch", torch.__version__)
PROGRAM

failed=0
step() {  # step SECONDS TITLE COMMAND...
  local most=$1 title=$2 start=$SECONDS status=0
  shift 2
  echo "== $title"
  timeout "$most" "$@" || status=$?
  if [ $status -eq 0 ]; then echo "-- ok: $title ($((SECONDS - start)) s)"
  else echo "-- NOT OK: $title (exit code $status, $((SECONDS - start)) s)"; failed=1; fi
}

step 150 "tests marked gpu" "$PYTHON" -m pytest -q -p no:cacheprovider -o addopts= -rs -m gpu tests/index tests/embedding
step 240 "exact scan" "$PYTHON" -m tools.gpu_scan --device "$DEVICE"
step 150 "training" "$PYTHON" -m tools.gpu_train --device "$DEVICE" --out "$scratch/run"
exit $failed
