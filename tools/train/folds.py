"""Which corpora leave training together. Every corpus is held out once; no fold takes all of one kind of sound."""

FOLDS = {
    'A': ('smc_msc', 'yasaman999/SR', 'tofugu_ja', 'Picovoice/wake-word-benchmark', 'nathalie', 'kerstin',
          'pryyyynz/audio-for-Twi-TTS', 'Jakobovski/free-spoken-digit-dataset',
          'everythingisfree', 'librosa', 'smstools', 'mdn_webaudio', 'dejavu', 'mars',
          'moodist', 'cdda_cc_sounds', 'noisekun', 'gcompris', 'scikit_maad', 'keystroke_zoom',
          'muges_ambientsounds', 'minetest_game'),
    'B': ('jimbozhang/speechocean762', 'fsta-fo/voice-age-prediction', 'Picovoice/speech-to-intent-benchmark',
          'superpowers', 'cdogs', 'opensurge', 'openhv',
          'donateacry', 'antum_mod_sounds', 'dynamic_surroundings', 'blanket', 'rivea0_ambient', 'berlin_noise',
          'opendungeons', 'ibm_max', 'arabic_sc_bg'),
    'C': ('omnilingo/rsample-100-cv-corpus-6.1-2020-12-11', 'abdulkaderghandoura/arabic-speech-commands-dataset',
          'tuxemon', 'mechvibes', 'repixture', 'noixer', 'speech_commands_bg', 'opensfx', 'openrct2_sfx', 'drunkentoast'),
    'D': ('MycroftAI/Precise-Community-Data', 'speech_commands_subset', 'acestep', 'esc50_16k',
          'ambient_engine', 'modern_alarm_clock', 'wbot'),
}
GENDER_FOLDS = ('A', 'B', 'C')   # D has no labelled talkers
