/**
 * Snapshots that every later release has to read, or to reject by name. Run as a program it writes one of the base image as
 * it is: `node test/quickjs/golden.ts`. What is there already is never changed.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import type { Turn } from "../../src/machine/Turn.ts"
import { baseImage, shellImageId } from "../../src/quickjs/BaseImage.ts"
import { needsShell, Vm } from "../../src/quickjs/Vm.ts"
import { epoch, Guest, give, plain, vmOptions, wake } from "./guest.ts"

export const goldenFolder = new URL("../fixtures/snapshot/", import.meta.url)

/** Lets a shell run a script. */
const startShell = async (vm: Vm, ordinal: number, source: string): Promise<Turn> => {
  let progress = vm.start({ ordinal, language: "shell", source, nowMillis: epoch, tools: [] })
  while (progress === needsShell) {
    await vm.openShell()
    progress = vm.proceed()
  }
  return progress
}

/** Ends the run that the snapshot was taken in, and looks at all that it kept. */
export const finish = async (vm: Vm): Promise<ReadonlyArray<Omit<Turn, "usage">>> => {
  const guest = new Guest(vm, 3)
  const turns = [
    guest.answer(give("3.1", { fee: 2 }), wake("3.2")),
    guest.start("[ledger, [...seen], next(), when.toISOString(), Math.random(), Date.now(), String(pattern)]"),
    await startShell(vm, 5, 'echo "$((count + 1)) $(pwd) $(cat /workspace/notes.txt)"; twice a')
  ]
  return turns.map(plain)
}

const write = async (): Promise<void> => {
  const { id } = await baseImage()
  const name = `v3-${id.slice(0, 12)}-${shellImageId.slice(0, 12)}`
  const file = new URL(`${name}.bin`, goldenFolder)
  if (existsSync(file)) return
  const first = await Guest.boot()
  const { vm } = first
  first.start(`
    let ledger = [], seen = new Map([['a', 1n]]), when = new Date(0), pattern = /x+/gi
    const counter = () => { let n = 0; return () => ++n }
    let next = counter()
    next()`)
  await startShell(vm, 2, "cd /tmp; count=41; twice() { echo $1$1; }; echo kept > /workspace/notes.txt")
  new Guest(vm, 2).start(`
    console.log('before', Math.random())
    const add = async (name) => { ledger.push([name, (await ask(name)).fee]) }
    await Promise.all([add('tea'), sleep(1_000)])
    console.log('after')
    return ledger.length`)
  const packed = vm.pack()
  const turns = await finish(await Vm.restore(packed, vmOptions({})))
  mkdirSync(goldenFolder, { recursive: true })
  writeFileSync(file, packed.bytes)
  writeFileSync(
    new URL(`${name}.json`, goldenFolder),
    `${JSON.stringify({ base: id, shell: shellImageId, turns }, null, 2)}\n`
  )
}

if (import.meta.main) await write()
