/** In what tiers may differ, so that a session that has to know it can. */
export interface Traits {
  /** CPU time after which a guest that spins has printed something. */
  readonly spinMillis: number
  /** Whether files are bounded by the session's limits, rather than by a disk. */
  readonly hasQuota: boolean
  /** Whether files have the times of the virtual clock, rather than those of a kernel. */
  readonly hasVirtualTimes: boolean
  /** Whether the contents of a snapshot are those of files, rather than parts of memory and disk. */
  readonly namesFiles: boolean
}

/** What a tier has whose guests are all its own. */
export const ownTraits: Traits = {
  spinMillis: 50,
  hasQuota: true,
  hasVirtualTimes: true,
  namesFiles: true
}
