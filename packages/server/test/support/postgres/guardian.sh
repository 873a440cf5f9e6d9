# Ends a test's PostgreSQL and removes its folder once the test's process is gone, however it ended: its end of this
# script's standard input closes then. Each line there is the id of the process that runs now; 0 stands for none.
# Usage: guardian.sh FOLDER
trap '' INT TERM HUP
pid=0
while read -r line; do pid=$line; done
if [ "$pid" != 0 ]; then
  kill -QUIT "$pid" 2>/dev/null
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
fi
rm -rf "$1"
