import type { SnapshotRejected } from "../machine/Machine.ts"

/** The bytes cannot become a guest here. */
export class RejectedSnapshot extends Error {
  override readonly name = "RejectedSnapshot"
  readonly reason: SnapshotRejected["reason"]
  readonly detail: string

  constructor(reason: SnapshotRejected["reason"], detail: string) {
    super(`${reason}: ${detail}`)
    this.reason = reason
    this.detail = detail
  }
}

export const reject = (reason: SnapshotRejected["reason"], detail: string): never => {
  throw new RejectedSnapshot(reason, detail)
}
