# What `python -m sandbox part` does, begun a hundred times as fast: a restore runs some fifty commands.
# Run as `bash ask_process.sh PYTHON HOST PORT ACTION NAME [BACKUP_ID]`; what passes data on is left to Python.
python=$1 host=$2 port=$3 action=$4 name=$5 backup=$6
case $action in
  state) method=GET path=/processes/$name ;;
  has-backup) method=GET path=/processes/$name/backups/$backup ;;
  stop | start | empty) method=POST path=/processes/$name/$action ;;
  *) exec "$python" -IS "${BASH_SOURCE[0]%.sh}.py" "${@:2}" ;;
esac
exec 3<> "/dev/tcp/$host/$port"
printf '%s %s HTTP/1.0\r\nHost: %s\r\nContent-Length: 0\r\n\r\n' "$method" "$path" "$host" >&3
IFS= read -r -d '' answer <&3
if [[ ! $answer =~ ^HTTP/1\.[01]\ ([0-9]+) ]]; then
  printf 'the stand-in gave no answer'
  exit 2
fi
status=${BASH_REMATCH[1]}
[[ $answer =~ \"state\":\ *\"([^\"]*)\" ]] && echo "${BASH_REMATCH[1]}"
[[ $answer =~ \"message\":\ *\"([^\"]*)\" ]] && printf '%s' "${BASH_REMATCH[1]}"
((status < 400)) || exit 2
[[ $action != has-backup || $answer =~ \"exists\":\ *true ]]
