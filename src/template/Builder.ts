/** Builds templates, and tells how far it is. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ImageBuild from "./image/ImageBuild.ts"
import * as Progress from "./Progress.ts"

/** The last that is told of a build. */
export const Built = Schema.TaggedStruct("Built", { image: ImageBuild.Image })
export type Built = typeof Built.Type

/** Builds a template's image, and gives it. */
export const build = (wanted: ImageBuild.Wanted) => Effect.map(ImageBuild.obtain(wanted), ({ manifest }) => manifest)

/** Builds a template's image, and tells each step of it; the last is `Built`. The build ends with whoever listens. */
export const following = (wanted: ImageBuild.Wanted) =>
  Stream.callback<
    Progress.Progress | Built,
    Effect.Error<ReturnType<typeof build>>,
    Effect.Services<ReturnType<typeof build>>
  >((queue) =>
    build(wanted).pipe(
      Effect.provideService(Progress.Listener, (progress) => Effect.asVoid(Queue.offer(queue, progress))),
      Effect.flatMap((image) => Queue.offer(queue, { _tag: "Built", image })),
      Effect.matchCauseEffect({
        onSuccess: () => Queue.end(queue),
        onFailure: (cause) => Queue.failCause(queue, cause)
      })
    )
  )
