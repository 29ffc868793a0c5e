/** A machine of QEMU, as whoever only knows of hypervisors has it. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as StreamLink from "../../guest/StreamLink.ts"
import type * as Hypervisor from "../../microvm/Hypervisor.ts"
import { hypervisorFailed, Lost } from "../../microvm/HypervisorError.ts"
import * as Identity from "../../process/Identity.ts"
import * as Failures from "../Failures.ts"
import * as Usage from "../process/Usage.ts"
import type { Qmp } from "../qmp/Qmp.ts"
import * as Checkpoint from "./Checkpoint.ts"
import type { DurableVm } from "./Durable.ts"
import type { Vm } from "./Start.ts"

const gone = hypervisorFailed(new Lost({ detail: "its process has ended, or cannot be looked at" }))

const orGone = <A>(look: () => A | undefined) =>
  Effect.suspend(() => {
    const found = look()
    return found === undefined ? Effect.fail(gone) : Effect.succeed(found)
  })

const decodeDiskError = Schema.decodeUnknownOption(Schema.Struct({ action: Schema.String, reason: Schema.String }))

/**
 * Waits until the hypervisor has stopped the guest because this host has no more room for its disk. Nobody would let it go on: what its
 * programs were writing cannot be told from what is there.
 */
const stoppedForItsDisk = Effect.fnUntraced(function* ({ expecting }: Qmp) {
  const stopped = yield* expecting("a stop for its disk", ({ data, event }) => {
    const error = event === "BLOCK_IO_ERROR" ? Option.getOrUndefined(decodeDiskError(data)) : undefined
    return error?.action === "stop" ? error.reason : undefined
  })
  return Effect.matchEffect(stopped(Duration.infinity), {
    onFailure: () => Effect.never,
    onSuccess: (reason) => Effect.succeed(`what its guest has written finds no place on this host: ${reason}`)
  })
})

/** A machine that was started in the scope that is open. */
export const of = Effect.fnUntraced(function* (vm: Vm) {
  let isAskedTo = false
  yield* Effect.addFinalizer(() => Effect.sync(() => (isAskedTo = true)))
  const ended = Effect.flatMap(Effect.flip(vm.child.failsWhenEnded), ({ message }) =>
    isAskedTo ? Effect.never : Effect.succeed(message)
  )
  const stopped = yield* stoppedForItsDisk(vm.control)
  const running: Hypervisor.Vm = {
    id: vm.id,
    measures: vm.measures,
    link: StreamLink.make(vm.channel, vm.channel),
    cpuMillis: orGone(() => Usage.cpuMillis(vm.process)),
    memory: orGone(() => Usage.memoryHeld(vm.process)),
    lost: Effect.map(Effect.raceFirst(ended, stopped), (detail) => hypervisorFailed(new Lost({ detail })))
  }
  return { running, ask: Effect.sync(() => (isAskedTo = true)) }
})

/** A durable machine that was started in the scope that is open. */
export const ofDurable = Effect.fnUntraced(function* (vm: DurableVm, taking: Checkpoint.Taking) {
  const { ask, running } = yield* of(vm)
  const alone = Semaphore.makeUnsafe(1).withPermits(1)
  const end = Effect.sync(() => Identity.kill(vm.process))
  const endingIfLost = <A>(doing: Effect.Effect<A, Failures.Failure>) =>
    Effect.tapError(Failures.lost(doing), ({ reason }) => (reason._tag === "Lost" ? end : Effect.void))
  const durable: Hypervisor.DurableVm = {
    ...running,
    checkpoint: Effect.map(alone(endingIfLost(Checkpoint.take(vm, taking))), endingIfLost),
    suspend: alone(Effect.andThen(ask, endingIfLost(vm.hibernate("process"))))
  }
  return durable
})
