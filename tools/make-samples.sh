#!/bin/sh
# Makes samples/ anew, from Debian's flite (its voices may be used freely) and sox. The product ships what this wrote.
#   needs: apt-get install flite sox
set -eu
out=$(cd "$(dirname "$0")/.." && pwd)/samples
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"
say() { flite -voice "$1" -t "$2" -o "$3"; }

say slt 'Good afternoon, this is the reading room. We are open until six.' woman.wav
say rms 'Thank you. I would like to renew two books, please, before they are due.' man.wav
# Hold music: four chords on plucked strings, a bass note and a little reverberation.
chord() { sox -n -r 16000 -c 1 "$1.wav" synth 1.2 pluck "$2" synth 1.2 pluck mix "$3" synth 1.2 pluck mix "$4" synth 1.2 sine mix "$5" gain -n -8; }
chord c1 C4 E4 G4 C3; chord c2 A3 C4 E4 A2; chord c3 F3 A3 C4 F2; chord c4 G3 B3 D4 G2
sox c1.wav c2.wav c3.wav c4.wav music.wav reverb 30 gain -n -9
# A street: low rumble and hiss that swell.
sox -R -n -r 16000 -c 1 street.wav synth 3 brownnoise synth 3 pinknoise mix tremolo 0.6 60 gain -n -12
sox -n -r 16000 -c 1 pause.wav trim 0 0.8

sox woman.wav -r 16000 -c 1 -b 16 "$out/reading-room.wav" gain -n -6
sox music.wav woman.wav pause.wav man.wav street.wav -r 16000 -c 1 -b 16 -C 8 "$out/call.flac" gain -n -4
ls -l "$out"
