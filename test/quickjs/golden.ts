/**
 * Snapshots that every later release has to read, or to reject by name. Run as a program it writes one of the base image as
 * it is: `node test/quickjs/golden.ts`. What is there already is never changed.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import type { Turn } from "../../src/machine/Turn.ts"
import { baseImage } from "../../src/quickjs/BaseImage.ts"
import { Vm } from "../../src/quickjs/Vm.ts"
import { Guest, give, plain, vmOptions, wake } from "./guest.ts"

export const goldenFolder = new URL("../fixtures/snapshot/", import.meta.url)

/** Ends the run that the snapshot was taken in, and looks at all that it kept. */
export const finish = (vm: Vm): ReadonlyArray<Omit<Turn, "usage">> => {
  const guest = new Guest(vm, 2)
  return [
    guest.answer(give("2.1", { fee: 2 }), wake("2.2")),
    guest.start("[ledger, [...seen], next(), when.toISOString(), Math.random(), Date.now(), String(pattern)]")
  ].map(plain)
}

const write = async (): Promise<void> => {
  const { id } = await baseImage()
  const name = `v1-${id.slice(0, 12)}`
  const file = new URL(`${name}.bin`, goldenFolder)
  if (existsSync(file)) return
  const guest = await Guest.boot()
  guest.start(`
    let ledger = [], seen = new Map([['a', 1n]]), when = new Date(0), pattern = /x+/gi
    const counter = () => { let n = 0; return () => ++n }
    let next = counter()
    next()`)
  guest.start(`
    console.log('before', Math.random())
    const add = async (name) => { ledger.push([name, (await ask(name)).fee]) }
    await Promise.all([add('tea'), sleep(1_000)])
    console.log('after')
    return ledger.length`)
  const packed = guest.vm.pack()
  const turns = finish(await Vm.restore(packed, vmOptions({})))
  mkdirSync(goldenFolder, { recursive: true })
  writeFileSync(file, packed)
  writeFileSync(new URL(`${name}.json`, goldenFolder), `${JSON.stringify({ base: id, turns }, null, 2)}\n`)
}

if (import.meta.main) await write()
