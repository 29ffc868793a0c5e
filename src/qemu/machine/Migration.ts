/**
 * Writes the state of a machine, and brings it to another process. The guest's memory is a file that both map, and is not written
 * again.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { descriptors } from "../CommandLine.ts"
import { failed, MigrationFailed, NotReady } from "../QemuError.ts"
import type { Qmp } from "../qmp/Qmp.ts"
import { through } from "./Controls.ts"
import type { Vm } from "./Start.ts"
import * as StateSocket from "./StateSocket.ts"

const timeout = "20 seconds"

const Status = Schema.Struct({ status: Schema.String })
const decodeStatus = Schema.decodeUnknownOption(Status)

const prepare = ({ execute }: Qmp) =>
  execute("migrate-set-capabilities", {
    capabilities: [
      { capability: "x-ignore-shared", state: true },
      { capability: "events", state: true }
    ]
  })

/** Looks out for the end of a migration, good or bad. */
const watching = (control: Qmp, direction: "in" | "out") =>
  Effect.map(
    control.expecting("end of the migration", ({ data, event }) => {
      const status = event === "MIGRATION" ? Option.getOrUndefined(decodeStatus(data))?.status : undefined
      return status === "completed" || status === "failed" || status === "cancelled" ? status : undefined
    }),
    (wait) =>
      Effect.flatMap(wait(timeout), (status) =>
        status === "completed"
          ? Effect.void
          : Effect.fail(failed(new MigrationFailed({ direction, detail: `the hypervisor says ${status}` })))
      )
  )

const writing = Effect.fnUntraced(function* ({ control, directory }: Vm) {
  const { execute } = control
  const ending = yield* watching(control, "out")
  // What it may take is not what it takes: without these it is held to the speed of a slow network.
  const bounds = execute("migrate-set-parameters", { "max-bandwidth": 0x7f_ffff_ffff, "downtime-limit": 20_000 })
  // Commands are done in the order in which they are sent. An agent that is frozen is on the watch for a short time only.
  const words = Effect.all([execute("stop"), prepare(control), bounds], { concurrency: 3, discard: true })
  const [, arriving] = yield* Effect.all([words, StateSocket.open(directory)], { concurrency: 2 })
  yield* execute("migrate", { uri: `unix:${StateSocket.socketName}` })
  const arrived = Effect.timeoutOrElse(arriving, {
    duration: timeout,
    orElse: () => Effect.fail(failed(new MigrationFailed({ direction: "out", detail: "what it writes does not end" })))
  })
  const [state] = yield* Effect.all([arrived, ending], { concurrency: 2 })
  return state
}, Effect.scoped)

/** Stops a machine and gives its state. The process stays, and its machine does not run on; it does if this fails. */
export const write = Effect.fn("Migration.write")((vm: Vm) =>
  through(vm.child, writing(vm)).pipe(Effect.onError(() => Effect.ignore(vm.control.execute("cont"))))
)

const reading = Effect.fnUntraced(function* ({ control }: Vm) {
  const ending = yield* watching(control, "in")
  // Commands are done in the order in which they are sent; none is waited for before the next is sent.
  const incoming = control.execute("migrate-incoming", { uri: `fd:${descriptors.state}` })
  yield* Effect.all([prepare(control), incoming, ending], { concurrency: 3, discard: true })
}, Effect.scoped)

/** Brings the state that a machine has inherited into it. It does not run yet. */
export const read = Effect.fn("Migration.read")((vm: Vm) => through(vm.child, reading(vm)))

/** Lets a machine run. One that has not read its state would forget it: it goes on as it was when that was written, which is stopped. */
export const proceed = (vm: Vm) => Effect.asVoid(through(vm.child, vm.control.execute("cont")))

const quitMillis = 10_000

/** Ends a machine's process in the way in which it closes its disks, and waits for that. */
export const quit = Effect.fn("Migration.quit")(function* ({ child, control }: Vm) {
  // The process may be gone before its answer is.
  yield* Effect.ignore(control.execute("quit"))
  yield* Effect.timeoutOrElse(child.ended, {
    duration: quitMillis,
    orElse: () =>
      Effect.flatMap(child.said, (said) =>
        Effect.fail(failed(new NotReady({ awaited: "end of the process", afterMillis: quitMillis, said })))
      )
  })
})
