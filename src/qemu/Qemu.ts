/** Machines of QEMU, in software or on the host's processor. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as StreamLink from "../guest/StreamLink.ts"
import type { Checkpoint as Written } from "../microvm/Checkpoint.ts"
import type { WarmUp } from "../microvm/Hypervisor.ts"
import * as Hypervisor from "../microvm/Hypervisor.ts"
import type * as Program from "../process/Program.ts"
import type * as Digest from "../template/Digest.ts"
import type { Image } from "../template/image/ImageBuild.ts"
import * as CommandLine from "./CommandLine.ts"
import * as Failures from "./Failures.ts"
import * as Host from "./Host.ts"
import * as Checkpoint from "./machine/Checkpoint.ts"
import * as Durable from "./machine/Durable.ts"
import * as KvmProbe from "./machine/KvmProbe.ts"
import { clear } from "./machine/Reap.ts"
import * as Running from "./machine/Running.ts"
import * as TemplateMachine from "./machine/Template.ts"
import * as Shape from "./Shape.ts"
import * as Needs from "./snapshot/Needs.ts"
import * as Templates from "./snapshot/Templates.ts"

export interface QemuOptions {
  /** Where machines and snapshots are kept. */
  readonly directory: string
  /** `kvm` only where `KvmProbe` says that it works. Default: `tcg`, pure software. */
  readonly accelerator?: Shape.Shape["accelerator"] | undefined
  /** Of one checkpoint, compressed. Default: 1 GiB. */
  readonly checkpointBytesMax?: number | undefined
}

const handleOf = (snapshot: Templates.TemplateSnapshot): Hypervisor.Template => {
  const { diskBytes, facts, key, shape, template } = snapshot.manifest
  const { cpus, memoryMebibytes } = shape
  const content = Templates.contentOf(snapshot)
  return { name: template, key, content, cpus, memoryMebibytes, diskMebibytes: diskBytes / 1_048_576, facts }
}

const engineOf = (host: Host.Host, shape: Shape.Shape, processor: string | undefined): string =>
  [
    `qemu ${host.version}`,
    CommandLine.boardOf(shape),
    shape.accelerator,
    shape.processor,
    ...(processor === undefined ? [] : [processor.slice(0, 16)])
  ].join(", ")

/** Snapshots that were looked up, so that a clone needs no more than a look at their seals. */
const lookups = (host: Host.Host) => {
  const known = new Map<string, Templates.TemplateSnapshot>()
  const learn = (snapshot: Templates.TemplateSnapshot) => {
    known.set(snapshot.manifest.key, snapshot)
    return snapshot
  }
  const find = (key: Digest.Digest) => Effect.map(Needs.find(host, key), learn)
  return {
    learn,
    find,
    forget: (key: Digest.Digest) => Effect.sync(() => known.delete(key)),
    /** That of a handle, which may be known no more, or have been made anew by another process. */
    of: ({ content, key }: Hypervisor.Template) => {
      const there = known.get(key)
      return there !== undefined && Templates.contentOf(there) === content ? Effect.succeed(there) : find(key)
    }
  }
}

/** What machines of this layer are made with. */
interface Works {
  readonly host: Host.Host
  readonly taking: Checkpoint.Taking
  readonly processor: string | undefined
  readonly shapeOf: (size: Shape.Size) => Shape.Shape
  readonly snapshots: ReturnType<typeof lookups>
}

const detect = Effect.fnUntraced(function* (options: QemuOptions) {
  const { accelerator = "tcg", checkpointBytesMax = 1_073_741_824, directory } = options
  const host = yield* Host.detect(directory)
  const processor = accelerator === "kvm" ? yield* KvmProbe.processor : undefined
  const shapeOf = accelerator === "kvm" ? Shape.accelerated : Shape.emulated
  const engine = engineOf(host, shapeOf({ cpus: 1, memoryMebibytes: 64 }), processor)
  const taking = { engine, bytesMax: checkpointBytesMax }
  return { host, taking, processor, shapeOf, snapshots: lookups(host) } satisfies Works
})

const prepare = <E, R>(
  { host, processor, shapeOf, snapshots }: Works,
  image: Image,
  { begins, id, run }: WarmUp<E, R>
) =>
  TemplateMachine.obtain(host, {
    image,
    shape: shapeOf(image.template),
    processor,
    recipe: id,
    begins,
    prepare: (vm) => Effect.scoped(Effect.flatMap(StreamLink.make(vm.channel, vm.channel), run))
  }).pipe(
    Effect.map((snapshot) => handleOf(snapshots.learn(snapshot))),
    Failures.unavailable("prepare")
  )

const clone = Effect.fnUntraced(
  function* ({ host, snapshots }: Works, template: Hypervisor.Template) {
    const vm = yield* TemplateMachine.clone(host, yield* snapshots.of(template))
    return (yield* Running.of(vm)).running
  },
  (cloning, _, { key }) => Failures.ofTemplate("clone", key)(cloning)
)

const begin = Effect.fnUntraced(
  function* ({ host, snapshots, taking }: Works, template: Hypervisor.Template) {
    const snapshot = yield* snapshots.of(template)
    const vm = yield* Durable.begin(host, snapshot, yield* Host.randomHex(8), Durable.asTemplate(snapshot))
    return yield* Running.ofDurable(vm, taking)
  },
  (beginning, _, { key }) => Failures.ofTemplate("begin", key)(beginning)
)

const restore = Effect.fnUntraced(
  function* ({ host, snapshots, taking }: Works, template: Hypervisor.Template, { header, pieces }: Written) {
    const snapshot = yield* snapshots.of(template)
    const checked = yield* Effect.fromResult(Checkpoint.check(header, snapshot, taking.engine))
    const fill = Checkpoint.fill(snapshot, { header: checked, pieces })
    const vm = yield* Durable.begin(host, snapshot, yield* Host.randomHex(8), fill)
    return yield* Running.ofDurable(vm, taking)
  },
  (restoring, _, { key }) => Failures.ofTemplate("restore", key)(restoring)
)

const make = Effect.fnUntraced(function* (options: QemuOptions) {
  const works = yield* detect(options)
  const { host, snapshots, taking } = works
  yield* clear(host)
  // A machine lives in its caller's scope, not in that of the layer.
  const services = Context.omit(Scope.Scope)(yield* Effect.context<Program.Services>())
  const provided = <A, E, R>(doing: Effect.Effect<A, E, R>) => Effect.provide(doing, services)
  const alone = Semaphore.makeUnsafe(1).withPermits(1)
  return Hypervisor.Hypervisor.of({
    engine: taking.engine,
    prepare: (image, warmUp) => alone(provided(prepare(works, image, warmUp))),
    find: (key) => Failures.ofTemplate("find", key)(Effect.map(snapshots.find(key), handleOf)),
    clone: (template) => clone(works, template),
    begin: (template) => provided(begin(works, template)),
    restore: (template, checkpoint) => provided(restore(works, template, checkpoint)),
    resume: (id) =>
      Failures.ofSuspended(Effect.flatMap(Durable.resume(host, id), (vm) => Running.ofDurable(vm, taking))),
    discard: (id) => Failures.unavailable("discard")(Durable.remove(host, id)),
    stored: Failures.unavailable("stored")(Needs.stored(host)),
    remove: (key) => Failures.ofTemplate("remove", key)(Effect.andThen(snapshots.forget(key), Needs.remove(host, key)))
  })
})

/** Machines of QEMU that are kept in a directory. What owners left there that were killed is removed first. */
export const layer = (options: QemuOptions) => Layer.effect(Hypervisor.Hypervisor, make(options))
