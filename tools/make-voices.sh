#!/bin/sh
# Makes test/fixtures/voices/ anew: short sentences by Debian's flite and espeak-ng, whose output may be used freely.
#   needs: apt-get install flite espeak-ng sox
# A name says the gender that is heard (none for the robot voices of espeak-ng): male-rms-1.flac, speech-espeak-1.flac.
set -eu
out=$(cd "$(dirname "$0")/.." && pwd)/test/fixtures/voices
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
keep() { sox "$work/x.wav" -r 16000 -c 1 -b 16 -C 8 "$out/$1.flac" silence 1 0.02 0.5% trim 0 "$2" gain -n -4; }
natural() { flite -voice "$1" -t "$3" -o "$work/x.wav"; keep "$2" 3; }
robot() { espeak-ng -v "$1" -s 150 -w "$work/x.wav" "$3"; keep "$2" 2.4; }

natural slt female-slt-1 'The train to the coast leaves from platform four at noon.'
natural slt female-slt-2 'Would you mind closing the window? It is rather cold in here.'
natural slt female-slt-3 'My sister paints the old harbour whenever it rains.'
natural rms male-rms-1 'We measured the river twice, and both times it had risen.'
natural rms male-rms-2 'Please leave your name and number after the tone.'
natural rms male-rms-3 'Nobody in the village remembers who built the bridge.'
natural awb male-awb-1 'The baker opens at seven, and by eight the bread is gone.'
natural awb male-awb-2 'I have never seen so many geese on the lake before.'
natural kal16 male-kal-1 'Turn left at the second light and follow the canal.'
robot en-gb speech-espeak-1 'The second half of the match begins in a minute.'
robot de speech-espeak-2 'Morgen wird es am Nachmittag ein wenig regnen.'
du -sb "$out" | cut -f1
