import * as Schema from "effect/Schema"

/** It was let go, so nothing can be done with it any more. A session lives on in its journal and can be resumed. */
export class ReleasedError extends Schema.TaggedError<ReleasedError>()("ReleasedError", {
  /** Such as `session s-1` or `caisson`. */
  what: Schema.String
}) {
  override get message() {
    return `${this.what} was released`
  }
}
