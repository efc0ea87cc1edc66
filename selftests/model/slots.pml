/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A stack of slots in a reserve, without a lock: some who take a slot and put it back.
 *
 * Each step below is one access to memory; the barriers of the code make their order what is
 * written here.  The head is one word: the first slot and the number of changes.
 *
 * To show: a slot is never in two hands, and in the end all are on the stack.
 *
 * The code modelled: pop() and push() of slots.c.
 *
 * Known-wrong variant, which has to be found:
 *	NO_CHANGES	the head is the first slot alone: one that went and came back meanwhile
 *			looks as if nothing had happened
 */

#define SLOTS	3
#define NONE	SLOTS
#define USERS	3
#define RUNS	2

byte first;
byte changes;
byte next[SLOTS];
bool taken[SLOTS];
byte finished;

#ifdef NO_CHANGES
#define SAME	(first == head)
#else
#define SAME	(first == head && changes == seen)
#endif

inline pop()
{
	got = NONE;
	atomic { head = first; seen = changes };
	do
	:: head == NONE -> break
	:: else ->
		after = next[head];
		atomic {
			if
			:: SAME -> first = after; changes++; got = head; break
			:: else -> head = first; seen = changes
			fi
		}
	od
}

inline push()
{
	atomic { head = first; seen = changes };
	do
	:: true ->
		next[got] = head;
		atomic {
			if
			:: SAME -> first = got; changes++; break
			:: else -> head = first; seen = changes
			fi
		}
	od
}

proctype user()
{
	byte times = RUNS, head, seen, after, got;

	do
	:: times > 0 ->
		times--;
		pop();
		if
		:: got != NONE ->
			assert(!taken[got]);
			taken[got] = true;
			taken[got] = false;
			push()
		:: else
		fi;
		atomic { head = 0; seen = 0; after = 0; got = 0 }
	:: else -> break
	od;
	finished++
}

proctype judge()
{
	byte slot, n;

	finished == USERS;
	slot = first;
	do
	:: slot == NONE -> break
	:: else -> n++; assert(n <= SLOTS); slot = next[slot]
	od;
	assert(n == SLOTS)
}

init {
	atomic {
		next[0] = 1;
		next[1] = 2;
		next[2] = NONE;
		run user();
		run user();
		run user();
		run judge()
	}
}
