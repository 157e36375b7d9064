/** Azure's confidential VMs are of the DC and EC families. */
const CONFIDENTIAL_SIZE = /^standard_[de]c\d/i;

/** Whether machines of an Azure VM size have memory that is closed to their host; AKS offers no host routing there. */
export function isConfidentialSize(vmSize: string): boolean {
  return CONFIDENTIAL_SIZE.test(vmSize);
}
