/** Endings of the files that are decoded, as a folder is searched for them; a file that is named may have any. */
export const audioExtensions = [
  ...[
    'wav',
    'wave',
    'w64',
    'rf64',
    'aif',
    'aiff',
    'aifc',
    'caf',
    'au',
    'snd',
    'flac',
    'mp3',
    'mp2',
    'ogg',
    'oga',
    'opus',
  ],
  ...['m4a', 'm4b', 'mp4', 'mov', '3gp', 'aac', 'webm', 'weba', 'mka', 'mkv', 'amr', 'awb'],
];
