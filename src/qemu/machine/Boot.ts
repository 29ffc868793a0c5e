/** Boots machines from an image, up to the moment at which their agent listens. */
import { join } from "node:path"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Image } from "../../template/image/ImageBuild.ts"
import * as CommandLine from "../CommandLine.ts"
import type { Host } from "../Host.ts"
import * as DurableFile from "../process/DurableFile.ts"
import { failed, NotReady, storageFailed } from "../QemuError.ts"
import { memoryBytes, type Shape } from "../Shape.ts"
import { through } from "./Controls.ts"
import * as Files from "./Files.ts"
import * as Migration from "./Migration.ts"
import { start, type Vm } from "./Start.ts"

export interface BootOptions {
  readonly image: Image
  readonly shape: Shape
  /** Puts what the guest's kernel prints among what the hypervisor says. Such a machine gives no snapshots. */
  readonly messages?: "shown" | undefined
  readonly timeout?: Duration.Input | undefined
}

const bootTimeouts = { tcg: Duration.seconds(90), kvm: Duration.seconds(20) }

const PortChange = Schema.Struct({ id: Schema.String, open: Schema.Boolean })
const decodePortChange = Schema.decodeUnknownOption(PortChange)

const Status = Schema.Struct({ status: Schema.String })
const decodeStatus = Schema.decodeUnknownOption(Status)

const statusOf = (vm: Vm) =>
  vm.control.execute("query-status", {}, { timeout: "1 second" }).pipe(
    Effect.map((answer) => Option.getOrUndefined(decodeStatus(answer))?.status),
    Effect.catch(() => Effect.succeed(undefined))
  )

const late = Effect.fnUntraced(function* (vm: Vm, awaited: string, timeout: Duration.Input) {
  const status = yield* statusOf(vm)
  const said = yield* vm.child.said
  const afterMillis = Duration.toMillis(Duration.fromInputUnsafe(timeout))
  return yield* failed(new NotReady({ awaited, afterMillis, said, ...(status === undefined ? {} : { status }) }))
})

/** Lets a machine run until its agent has opened its port. */
const untilAgentListens = Effect.fnUntraced(function* (vm: Vm, timeout: Duration.Input) {
  const opened = yield* vm.control.expecting("agent", ({ data, event }) => {
    const change = event === "VSERPORT_CHANGE" ? Option.getOrUndefined(decodePortChange(data)) : undefined
    return change?.id === "agent" && change.open ? true : undefined
  })
  yield* Migration.proceed(vm)
  const waiting = Effect.catchReason(opened(timeout), "QmpError", "QmpTimeout", () => late(vm, "agent", timeout))
  yield* through(vm.child, waiting)
}, Effect.scoped)

/** The greatest length of a machine's disk. */
export const diskBytes = ({ template }: Image): number => template.diskMebibytes * 1_048_576

/** Boots a machine; it and everything of it is gone with the scope. */
export const boot = Effect.fn("Boot.boot")(function* (host: Host, options: BootOptions) {
  const { image, messages, shape, timeout = bootTimeouts[options.shape.accelerator] } = options
  const machine = yield* Files.temporaryDirectory(host)
  const { directory } = machine
  yield* Files.emptyOverlay(join(directory, Files.own.upper), image.disk.path, "raw")
  yield* Effect.try({
    try: () => DurableFile.makeSparse(join(directory, Files.own.memory), memoryBytes(shape)),
    catch: storageFailed("make", directory)
  })
  const vm = yield* start(
    host,
    {
      machine,
      shape,
      memory: { path: Files.own.memory, writes: "kept" },
      disks: Files.disksOf(image.base.path, [image.disk.path]),
      origin: {
        _tag: "Boot",
        kernel: image.kernel.path,
        initrd: image.initrd.path,
        commandLine: CommandLine.kernelCommandLine(shape, image.id, messages)
      },
      messages
    },
    diskBytes(image)
  )
  yield* untilAgentListens(vm, timeout)
  return vm
})
