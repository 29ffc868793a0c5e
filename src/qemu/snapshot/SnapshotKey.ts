/** Everything that must be the same for a snapshot to become the machine that it is of. Pure. */
import * as Digest from "../../template/Digest.ts"
import type { WarmUp } from "../../template/Template.ts"
import * as CommandLine from "../CommandLine.ts"
import type { Shape } from "../Shape.ts"

/** Changes with what is done to make a snapshot, or to take one over. */
const format = 1

export interface Subject {
  readonly shape: Shape
  /** The version of the hypervisor. */
  readonly hypervisor: string
  /** Of the kernel, agent, base and disk together. */
  readonly image: Digest.Digest
  readonly warmUp: ReadonlyArray<WarmUp>
  /** What the host's processor is, for guests that run on it; in software it does not matter. */
  readonly processor: string | undefined
}

export const keyOf = ({ hypervisor, image, processor, shape, warmUp }: Subject): Digest.Digest =>
  Digest.ofValue({
    format,
    hypervisor,
    image,
    warmUp,
    machine: CommandLine.skeleton(shape),
    processor: shape.accelerator === "kvm" ? (processor ?? "unknown") : "software"
  })
