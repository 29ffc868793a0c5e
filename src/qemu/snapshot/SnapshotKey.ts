/** Everything that must be the same for a snapshot to become the machine that it is of. Pure. */
import * as Digest from "../../template/Digest.ts"
import type { WarmUp } from "../../template/Template.ts"
import * as CommandLine from "../CommandLine.ts"
import type { Shape } from "../Shape.ts"

/** Changes with what is done to make a snapshot, or to take one over. */
const format = 2

export interface Subject {
  /** The name of the template: a snapshot is that of one template, and two that are alike otherwise have one each. */
  readonly template: string
  readonly shape: Shape
  /** The version of the hypervisor. */
  readonly hypervisor: string
  /** Of the kernel, agent, base and disk together. */
  readonly image: Digest.Digest
  readonly warmUp: ReadonlyArray<WarmUp>
  /** Of what its owner does with the machine beyond that, before it is frozen. */
  readonly recipe: string
  /** What the host's processor is, for guests that run on it; in software it does not matter. */
  readonly processor: string | undefined
}

export const keyOf = ({ hypervisor, image, processor, recipe, shape, template, warmUp }: Subject): Digest.Digest =>
  Digest.ofValue({
    format,
    template,
    hypervisor,
    image,
    warmUp,
    recipe,
    machine: CommandLine.skeleton(shape),
    kernel: CommandLine.kernelCommandLine(shape, image),
    processor: shape.accelerator === "kvm" ? (processor ?? "unknown") : "software"
  })
