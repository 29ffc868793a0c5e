export type TreeRejection = "NotATree" | "UnknownVersion" | "Corrupted" | "MissingContent" | "TooLarge"

/**
 * The bytes cannot become a file tree here. `NotATree` and `UnknownVersion`: they are something else. `MissingContent`: a chunk was not
 * given, and the detail says which. `TooLarge`: the quota does not allow it.
 */
export class TreeRejected extends Error {
  override readonly name = "TreeRejected"
  readonly reason: TreeRejection
  readonly detail: string

  constructor(reason: TreeRejection, detail: string) {
    super(`the file tree cannot be read: ${detail}`)
    this.reason = reason
    this.detail = detail
  }
}
