# Prints the strictest sanitizer flags with which this compiler makes a program that runs, or nothing.
# usage: sh sanitizers.sh COMPILER
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
echo 'int main(void) { return 0; }' > "$folder/probe.c"
for flags in \
    "-fsanitize=address,undefined -fno-sanitize-recover=all" \
    "-fsanitize=undefined -fsanitize-trap=undefined" \
    "-fsanitize=undefined -fsanitize-undefined-trap-on-error"; do
    # shellcheck disable=SC2086  # the flags are several words
    if $1 $flags -o "$folder/probe" "$folder/probe.c" 2> /dev/null && "$folder/probe" 2> /dev/null; then
        echo "$flags"
        exit 0
    fi
done
