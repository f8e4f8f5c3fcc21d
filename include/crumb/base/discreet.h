/*
 * A process that holds opened keys and people's data leaves no image of its
 * memory behind.
 */
#pragma once

/*
 * From here on the kernel writes no core file of this process, hands none to a
 * program that collects them, and lets nobody but root read its memory or its
 * environment.  What the machine swaps out is not covered, and neither is root.
 * 0 or a fault.
 */
int discreet_begin(void);
