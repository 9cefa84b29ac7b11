#!/bin/sh
# Runs the tests of cgroups on a kernel of their own, where the host has no cgroup of version 2 to
# give: User-Mode Linux (Debian: apt-get install user-mode-linux) on this machine's files, read-only.
# Usage: sh tests/sandbox/in_uml.sh [PYTHON]    as root; once as root inside, once as uid 1234.
set -eu
python=${1:-$(command -v python)}
tree=$(cd "$(dirname "$0")/../.." && pwd)
init=$(mktemp)
trap 'rm -f "$init"' EXIT
cat > "$init" <<INIT
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /run
mount -t tmpfs none /tmp
chmod 1777 /tmp
export PYTHONPATH=$tree HOME=/tmp PATH=/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1
cd /tmp
tests="-q -p no:cacheprovider --rootdir $tree -c $tree/pyproject.toml $tree/tests/sandbox/test_cgroups.py"
echo "as root"
$python -m pytest \$tests
group=/sys/fs/cgroup/delegated
echo "+memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
mkdir \$group
chown 1234 \$group \$group/cgroup.procs \$group/cgroup.subtree_control
echo "as a user, in a group of its own"
sh -c "echo \\\$\\\$ > \$group/cgroup.procs; exec $python $tree/tests/sandbox/as_user.py 1234 $python -m pytest \$tests"
echo o > /proc/sysrq-trigger
sleep 5
INIT
chmod +x "$init"
linux.uml root=/dev/root rootfstype=hostfs rootflags=/ ro mem=2G init="$init" con=null con0=null,fd:1 quiet
