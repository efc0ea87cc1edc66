/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting at a cache's limit: two who bring an object, two who want one and keep it.
 *
 * All objects that the limit allows are out.  Each who frees does it on one of two CPUs, of
 * which one has room in its array and the other makes some on the way.  Each step below is
 * one access to memory; the barriers of the code make their order what is written here.
 *
 * To show: everybody comes to his end, so no object is left where nobody sees it and no
 * wake-up is lost.
 *
 * The code modelled: limit_wait.c, set_capacity() and narrow() of cpu_section.c, put() of
 * cpu_cache.c, settle() of cpu_drain.c.
 *
 * Known-wrong variants, each of which has to be found:
 *	NO_SETTLE	who waits does not empty the arrays
 *	NO_SECOND_LOOK	who makes room for himself does not look again
 *	LOOK_FIRST	who waits looks for an object before he reads the number of events
 *	N_FIRST		who frees looks whether anybody waits before the object is there
 *	NO_PASS		who was served does not wake the next one
 */

#define CPUS		2
#define WAITERS		2
#define FREERS		2

byte n, events, avail;
byte room[CPUS], earned[CPUS], array[CPUS];
bool busy[CPUS];
chan queue = [WAITERS] of { byte };	/* those who sleep, the longest first */
bool woken[WAITERS];
bool work;				/* the irq_work is queued */
byte finished;

inline wake_one()
{
	atomic {
		if
		:: nempty(queue) -> queue?w; woken[w] = true; w = 0
		:: empty(queue)
		fi
	}
}

proctype freer(byte cpu)
{
	byte c;
	bool anybody;

	atomic { !busy[cpu] -> busy[cpu] = true };
	c = room[cpu];
	if
	:: c > 0 -> array[cpu]++; busy[cpu] = false
	:: else ->
		if
		:: earned[cpu] = 1;
			room[cpu] = 1;
#ifndef NO_SECOND_LOOK
			if
			:: n > 0 -> room[cpu] = 0
			:: else
			fi;
#endif
		:: true	/* the budget is used up */
		fi;
		c = room[cpu];
		if
		:: c > 0 -> array[cpu]++
		:: else ->
#ifdef N_FIRST
			anybody = n > 0;
			avail++;
#else
			avail++;
			anybody = n > 0;
#endif
			if
			:: anybody ->
				events++;
				if
				:: nempty(queue) -> work = true
				:: empty(queue)
				fi
			:: else
			fi
		fi;
		busy[cpu] = false
	fi;
	finished++
}

proctype waiter(byte me)
{
	byte c, seen, w;
	bool has;

	n++;
	c = 0;
	do
	:: c < CPUS -> room[c] = 0; c++
	:: else -> break
	od;
#ifndef NO_SETTLE
	c = 0;
	do
	:: c < CPUS ->
		if
		:: array[c] > 0 || earned[c] > 0 ->
			/* An interrupt, again and again until it is between two sections. */
			atomic {
				!busy[c] -> avail = avail + array[c];
				if
				:: array[c] > 0 -> events++; work = true
				:: else
				fi;
				array[c] = 0; room[c] = 0; earned[c] = 0
			}
		:: else
		fi;
		c++
	:: else -> break
	od;
#endif
	do
	:: true ->
#ifdef LOOK_FIRST
		atomic { has = avail > 0; avail = avail - has };
		seen = events;
#else
		seen = events;
		atomic { has = avail > 0; avail = avail - has };
#endif
		if
		:: has -> break
		:: else
		fi;
		/* swait: into the queue, then the condition, then sleep, and again. */
		do
		:: true ->
			woken[me] = false;
			queue!me;
			if
			:: events != seen ->
				/* Off the queue, unless somebody took us already. */
				atomic {
					if
					:: queue??[eval(me)] -> queue??eval(me)
					:: else
					fi
				};
				break
			:: else -> woken[me]
			fi
		od
	od;
	n--;
#ifndef NO_PASS
	wake_one();
#endif
	finished++
}

/* The irq_work: queued once, however many asked for it. */
active proctype interrupt()
{
	byte w;

end:	do
	:: atomic { work -> work = false };
		wake_one()
	od
}

init {
	atomic {
		room[0] = 1;
		earned[0] = 1;
		run freer(0);
		run freer(1);
		run waiter(0);
		run waiter(1)
	};
	finished == WAITERS + FREERS
}
