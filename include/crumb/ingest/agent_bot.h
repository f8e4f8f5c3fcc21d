/*
 * Which agents say of themselves that they are programs.  Pure: the words of
 * the User-Agent against tables of our own, so that programs are known where no
 * expressions are configured, and those that are newer than them.
 */
#pragma once

#include "crumb/base/words.h"

/* BOT_NONE, BOT_AGENT, or BOT_AUTOMATION for a browser that a program drives. */
enum bot agent_bot(struct text agent);
