/** What a file tree may hold. */
export interface Quota {
  /** Contents of all files and targets of all symbolic links. */
  readonly bytes: number
  /** Names in all directories; a hard link is one more. */
  readonly entries: number
}

export const defaults: Quota = { bytes: 64 * 1_048_576, entries: 10_000 }
