import { defineConfig } from "vitest/config"

/** Machines in software share the processors with everything else: what took too long for once is tried again. */
const machines = ["test/{microvm,qemu,template}/**/*.test.ts"]

export default defineConfig({
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "all but machines", include: ["test/**/*.test.ts"], exclude: machines } },
      { extends: true, test: { name: "machines", include: machines, retry: 2 } }
    ]
  }
})
