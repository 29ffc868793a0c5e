/** Builds templates, and tells how far it is. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ImageBuild from "./image/ImageBuild.ts"
import * as Progress from "./Progress.ts"
import { TemplateError } from "./TemplateError.ts"

/** The last that is told of a build. */
export const Built = Schema.TaggedStruct("Built", { image: ImageBuild.Image })
export type Built = typeof Built.Type

/** Builds a template's image, and gives it. Parts that were built before and are damaged are built anew. */
export const build = Effect.fn("Builder.build")(
  function* (wanted: ImageBuild.Wanted) {
    const { manifest: image } = yield* ImageBuild.obtain(wanted)
    const damaged = yield* ImageBuild.forgetDamaged(image)
    if (damaged.length === 0) return image
    // There may be an older kernel: what was the newest one is not to be replaced by that.
    const kernel = damaged.includes("kernel") ? "newest" : wanted.kernel
    const { manifest: mended } = yield* ImageBuild.obtain({ ...wanted, kernel })
    yield* ImageBuild.verify(mended)
    return mended
  },
  (building, { template }) =>
    Effect.mapError(building, ({ reason }) => new TemplateError({ reason, template: template.name }))
)

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
