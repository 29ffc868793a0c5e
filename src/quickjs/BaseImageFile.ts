/**
 * An image as a file, which a build brings along: a line of JSON, and the memory from the stack pointer on. What lies before that
 * is zeros.
 */
import type { Booted } from "./Boot.ts"
import type { KernelFunction } from "./Recipes.ts"

type Content = Booted<KernelFunction>

type Registers = Omit<Content["snapshot"], "memory">

interface Header extends Pick<Content, "fixtures" | "kernel"> {
  readonly memoryBytes: number
  readonly registers: Registers
}

export const encode = ({ fixtures, kernel, snapshot: { memory, ...registers } }: Content): Buffer => {
  const header: Header = { fixtures, kernel, memoryBytes: memory.length, registers }
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), memory.subarray(registers.stackPointer)])
}

export const decode = (file: Buffer): Content => {
  const end = file.indexOf("\n")
  const { fixtures, kernel, memoryBytes, registers } = JSON.parse(file.toString("utf8", 0, end)) as Header
  const memory = new Uint8Array(memoryBytes)
  memory.set(file.subarray(end + 1), registers.stackPointer)
  return { fixtures, kernel, snapshot: { ...registers, memory } }
}
