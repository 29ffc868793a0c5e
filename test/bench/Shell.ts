/** Figures of the shell, of one machine in this thread: what its engine costs beside that of JavaScript alone. */
import { defaults } from "../../src/machine/Limits.ts"
import { needsShell, Vm, type VmOptions } from "../../src/quickjs/Vm.ts"
import type { Figure } from "./Authority.ts"
import * as Measure from "./Measure.ts"

const options: VmOptions = { limits: defaults, seed: "bench", onOutput: () => {}, interrupted: () => false }
const nowMillis = 1_700_000_000_000

const start = async (vm: Vm, ordinal: number, source: string) => {
  let progress = vm.start({ ordinal, language: "shell", source, nowMillis, tools: [] })
  while (progress === needsShell) {
    await vm.openShell()
    progress = vm.proceed()
  }
}

const suspended = async (script: string) => {
  const vm = await Vm.boot(options)
  await start(vm, 1, script)
  const packed = vm.pack()
  vm.dispose()
  return packed
}

export const figures = async (): Promise<ReadonlyArray<Figure>> => {
  const plain = await Vm.boot(options)
  const withoutShell = plain.pack()
  const withShell = await suspended("cd /tmp; count=1; sleep 60 | cat | sort | head -n 3")
  const restore = async (packed: typeof withShell, isShell: boolean) => {
    const vm = await Vm.restore(packed, options)
    if (isShell) await vm.openShell()
    vm.dispose()
  }
  // Workers do it when they have nothing else to do.
  const prepare = async () => {
    for (let count = 0; count < 5; count++) await Vm.prepare()
  }
  const { bare, ours } = await Measure.paired(
    200,
    () => restore(withShell, true),
    () => restore(withoutShell, false),
    prepare
  )
  const kept = await Vm.boot(options)
  for (let ordinal = 1; ordinal <= 50; ordinal++) await start(kept, ordinal, "for i in 1 2 3; do echo $i; done | wc -l")
  const kibibytes = (count: number) => `${(count / 1_024).toFixed(1)} KiB`
  return [
    {
      figure: `restore a machine with a shell; p50, beside ${bare.median.toFixed(2)} ms of one without`,
      ours: `${ours.median.toFixed(2)} ms`,
      goal: "<= 6 ms"
    },
    { figure: "snapshot of a suspended pipeline", ours: kibibytes(withShell.bytes.length), goal: "<= 64 KiB" },
    { figure: "snapshot of a shell after 50 runs", ours: kibibytes(kept.pack().bytes.length), goal: "-" }
  ]
}
