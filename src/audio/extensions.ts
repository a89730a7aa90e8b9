/** Endings of the files that are decoded, as a folder is searched for them; a file that is named may have any. */
export const audioExtensions = ['wav', 'wave', 'flac', 'mp3', 'ogg', 'oga', 'opus', 'm4a', 'mp4', 'aac'];
