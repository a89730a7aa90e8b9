"""
Which corpora leave training together. Every corpus is held out once. A to D each hold out some of everything; E holds out all acted
and shouted voices together, F the large library of objects, all single instruments and the readers of audiobooks, each with half of the games.
"""

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
    'E': ('fotaq', 'bass', 'sdap', 'openarena', 'nexuiz', 'fillets_ng', 'flare', 'megaglest', 'ufoai',
          'asc_music', 'etr', 'freedroidrpg', 'glob2', 'lincity_ng', 'naev', 'starfighter', 'supertuxkart', 'warzone2100',
          'colobot', 'crrcsim', 'dustracing2d', 'freegish', 'petz', 'pingus', 'scorched3d', 'small_desktop_games'),
    'F': ('berklee', 'tamtam', 'sonic_pi', 'scratch', 'guitar_strums', 'salamander_piano',
          'librispeech', 'vctk', 'gcompris_voices', 'asterisk_prompts', 'codec2_examples', 'ibm_stt_samples', 'klettres',
          'freecol', 'frozen_bubble', 'hedgewars', 'lordsawar', 'planetblupi', 'searchandrescue', 'supertux', 'unknown_horizons',
          'widelands', 'xmoto', 'bzflag', 'dbbasic_sound', 'desktop_alerts', 'endless_sky', 'flightgear', 'rili', 'simutrans', 'torcs'),
}
GENDER_FOLDS = ('A', 'B', 'C', 'E', 'F')   # D has no labelled talkers
NEW_FOLDS = ('E', 'F')                     # what the networks before these had not met: all that a warm start can be judged by
