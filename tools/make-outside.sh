#!/bin/sh
# Makes a test set of recordings that the models were never trained on, out of Debian packages: acted commands, announcers,
# spoken words, music, animals, machines and blows. For `npm run evaluate`; nothing of it belongs to this project.
#   usage: tools/make-outside.sh DIR && npm run evaluate -- DIR DIR/LABELS.tsv
#   needs: apt-get update; apt-get install ffmpeg unzip; 2 GB to download, 3 GB while it works
set -eu
[ $# = 1 ] || { sed -n '2,5s/^# *//p' "$0" >&2; exit 1; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

languages='en es fr it ru'
cd "$work"
# shellcheck disable=SC2046
apt-get download -q 0ad-data tuxpaint-stamps-default hyperrogue-music singularity-music asterisk-moh-opsound-g722 \
  $(for language in $languages; do echo "asterisk-core-sounds-$language-g722"; done) >&2
for package in *.deb; do
  dpkg-deb -x "$package" "$work"
  rm "$package"
done
unzip -q usr/share/games/0ad/mods/public/public.zip 'audio/*' -d 0ad
rm usr/share/games/0ad/mods/public/public.zip

labels=$out/LABELS.tsv
printf 'file\tclass\tgender\tcorpus\tsource\n' > "$labels"
count=0
# add CLASS GENDER CORPUS START: three seconds from START of each file named on standard input; what ffmpeg can't read and what
# is shorter than 0.1 s is left out.
add() {
  while read -r source; do
    count=$((count + 1))
    file=$(printf '%05d.wav' $count)
    case $source in *.g722) form='-f g722' ;; *) form= ;; esac
    # shellcheck disable=SC2086
    if ffmpeg -v error -nostdin -y -threads 1 $form -i "$source" -ss "$4" -t 3 -ar 16000 -ac 1 "$out/$file" && [ "$(wc -c < "$out/$file")" -gt 3300 ]; then
      printf '%s\t%s\t%s\t%s\t%s\n' "$file" "$1" "$2" "$3" "$source" >> "$labels"
    else
      rm -f "$out/$file"
    fi
  done
}
# each FOLDER CONDITION...: the files under a folder that meet find's conditions, in a fixed order.
each() { find "$@" -type f | LC_ALL=C sort; }
# spread N: N of the lines, evenly.
spread() { awk -v n="$1" '{ line[NR] = $0 } END { for (i = 0; i < n && i < NR; i++) print line[int(i * (NR > n ? NR / n : 1)) + 1] }'; }

# 0 A.D.: commands of men and women, cries of the wounded, animals, everything else that sounds, music.
for language in greek latin napatan persian; do
  for gender in male female; do
    each 0ad/audio/voice/$language -name "civ_${gender}_*.ogg" > list
    add speech $gender 0ad-voices-$language 0 < list
  done
done
each 0ad/audio/actor/human/death -name '*.ogg' > list
add other '' 0ad-cries 0 < list
{ each 0ad/audio/actor/fauna -name '*.ogg'; each 0ad/audio/voice/global -name '*.ogg'; } > list
add other '' 0ad-animals 0 < list
for folder in actor ambient attack resource; do
  each 0ad/audio/$folder -name '*.ogg' ! -path '*/fauna/*' ! -path '*/human/death/*' > list
  add other '' 0ad-$folder 0 < list
done
each 0ad/audio/music -name '*.ogg' > list
for start in 20 60 100; do add music '' 0ad-music $start < list; done

# Asterisk: five announcers, 60 prompts each of a second and more, and music on hold.
for language in $languages; do
  voice=$(echo usr/share/asterisk/sounds/${language}_*)
  case $voice in *_f_*) gender=female ;; *) gender=male ;; esac
  each "$voice" -name '*.g722' -size +8k | grep -v -i -e beep -e tone -e silence -e monkeys -e /conf | spread 60 > list
  add speech $gender asterisk-$language 0 < list
done
each usr/share/asterisk/moh -name '*.g722' > list
for start in 5 40 80; do add music '' asterisk-hold $start < list; done

# Two games with electronic and ambient music.
for game in hyperrogue singularity; do
  each usr/share -path "*$game*.ogg" -size +100k > list
  for start in 20 60 100; do add music '' $game $start < list; done
done

# Tux Paint: animals, things, digits and short descriptions in many languages.
stamps=usr/share/tuxpaint/stamps
# sounds FOLDER: what is heard of the stamps of a folder, without the descriptions.
sounds() { each "$stamps/$1" '(' -name '*.ogg' -o -name '*.wav' ')' ! -name '*_desc*'; }
sounds animals > list
add other '' tuxpaint-animals 0 < list
{ sounds vehicles; sounds household; sounds naturalforces; } > list
add other '' tuxpaint-things 0 < list
sounds symbols/math > list
add speech '' tuxpaint-digits 0 < list
for language in be bg ca el es fr ro ru; do
  each $stamps -name "*_desc_$language.ogg" | spread 25 > list
  add speech '' tuxpaint-$language 0 < list
done
echo "$(($(wc -l < "$labels") - 1)) clips in $out"
