# bash completion for dialtrust. The program itself says what may come next: `dialtrust --complete`
# with the words up to the cursor. ":files" and ":folders" are ours to look for.

_dialtrust()
{
	local current=${COMP_WORDS[COMP_CWORD]} quote='' line word
	local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}")
	COMPREPLY=()
	[[ $current == [\'\"]* ]] && quote=${current:0:1}
	for line in "${!words[@]}"; do
		word=${words[line]}
		# What is quoted stands here with its quotes and backslashes.
		case $word in
		\"*) word=${word#\"}; word=${word%\"} ;;
		\'*) word=${word#\'}; word=${word%\'} ;;
		*) word=${word//\\ / } ;;
		esac
		words[line]=$word
	done
	[[ $current == '=' ]] && current=''
	while IFS= read -r line; do
		case $line in
		:files)
			compopt -o filenames 2>/dev/null
			while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "${current#[\'\"]}")
			;;
		:folders)
			compopt -o filenames 2>/dev/null
			while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "${current#[\'\"]}")
			;;
		*)
			[[ $line == *= ]] && compopt -o nospace 2>/dev/null
			[[ -z $quote && $line == *' '* ]] && printf -v line '%q' "$line"
			COMPREPLY+=("$line")
			;;
		esac
	done < <("${COMP_WORDS[0]/#\~/$HOME}" --complete "${words[@]}" 2>/dev/null)
}

complete -F _dialtrust dialtrust
