/** Workgroup counts. */

const MOST = 65535; // maxComputeWorkgroupsPerDimension, WebGPU's default limit

/** Workgroups for `invocations`, `size` a workgroup; spread over x and y where x alone would not do. */
export function workgroupsFor(invocations: number, size: number): [number, number] {
  const groups = Math.ceil(invocations / size);
  if (groups <= MOST) return [groups, 1];
  const y = Math.ceil(groups / MOST);
  return [Math.ceil(groups / y), y];
}
