/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One CPU's array of free objects under all that can interrupt its owner.
 *
 * The contexts of a CPU are a stack: who interrupts runs to its end before the
 * interrupted goes on.  Here are a task (level 0), a softirq (1), a hard interrupt
 * (2), which may be a drain's IPI or the irq_work of parked frees, and an NMI (3).
 * Each step below is one access to memory; an interrupt fits between any two.  In
 * the end the CPU dies and the callback empties what is left.
 *
 * To show: no object is handed out while somebody has it, and in the end each
 * object is in exactly one place.
 *
 * The code modelled: tcslab_cpu_pop() and tcslab_cpu_push() of tcslab.h, enter()
 * and leave() of cpu_section.h, flush() of cpu_section.c, and the parked frees of park.c.
 *
 * Known-wrong variants, each of which has to be found:
 *	COUNT_EARLY	count is read before the number is odd
 *	DRAIN_ANYWAY	the drain does not stay away from an array in use
 *	NMI_SPINS	an NMI waits for the central lock
 *	PARKED_STAY	the callback of the dead CPU forgets the parked frees
 */

#define OBJECTS		3
#define CAPACITY	2
#define NONE		OBJECTS
#ifndef TASK_RUNS
#define TASK_RUNS	2
#endif
#ifndef NMI_RUNS
#define NMI_RUNS	1
#endif

/* The array. */
byte seq;
byte count;
byte slot[CAPACITY];

/* Where else an object may be. */
bool central[OBJECTS + 1];	/* [NONE] is never touched, but gcc cannot see that */
bool parked[OBJECTS + 1];
bool user[OBJECTS + 1];

bool central_locked;	/* by somebody on this CPU, with interrupts off */
byte level;		/* the context that runs */
bool irqs_off;
bool dead;
byte finished;		/* contexts that will not come back */

/* One step of context L, which takes that nobody interrupts it at the moment. */
#define STEP(stmt)	atomic { level == L -> stmt }

#if defined(NMI_SPINS)
#define MAY_NOT_WAIT	false
#else
#define MAY_NOT_WAIT	(L == 3)
#endif

/* Take the central lock, or let got be false where waiting is not allowed. */
inline lock_central()
{
	if
	:: atomic { level == L && !central_locked ->
		   central_locked = true; was_off = irqs_off; irqs_off = true; got = true }
	:: atomic { level == L && MAY_NOT_WAIT -> got = false }
	fi
}

inline unlock_central()
{
	STEP(central_locked = false; irqs_off = was_off)
}

inline hand_out()
{
	atomic { level == L; assert(!user[obj]); user[obj] = true }
}

inline central_alloc()
{
	lock_central();
	if
	:: got ->
		STEP(
			if
			:: central[0] -> obj = 0
			:: central[1] -> obj = 1
			:: central[2] -> obj = 2
			:: else -> obj = NONE
			fi;
			if
			:: obj != NONE -> central[obj] = false; assert(!user[obj]); user[obj] = true
			:: else
			fi);
		unlock_central()
	:: else -> obj = NONE
	fi
}

inline alloc()
{
	obj = NONE;
	STEP(s = seq);
#ifdef COUNT_EARLY
	STEP(n = count);
#endif
	if
	:: s & 1 -> central_alloc()
	:: else ->
		/*
		 * Load and store of what marks it may have an interrupt in between, but for x86-64.
		 * They are of the number alone, not of the count beside it.
		 */
		STEP(seq = (s + 1) % 8);
#ifndef COUNT_EARLY
		STEP(n = count);
#endif
		if
		:: n > 0 ->
			STEP(obj = slot[n - 1]);
			n = n - 1
		:: else
		fi;
		/* One store of both. */
		STEP(s = seq);
		STEP(count = n; seq = (s + 1) % 8);
		if
		:: obj != NONE -> hand_out()
		:: else -> central_alloc()
		fi
	fi
}

inline central_free()
{
	lock_central();
	if
	:: got ->
		STEP(central[obj] = true);
		unlock_central()
	:: else ->
		/* One locked instruction onto a list of the CPU; irq_work does the rest. */
		STEP(parked[obj] = true)
	fi
}

inline free()
{
	/* From here on the object is nobody's. */
	STEP(assert(user[obj]); user[obj] = false; s = seq);
	done = false;
#ifdef COUNT_EARLY
	STEP(n = count);
#endif
	if
	:: s & 1
	:: else ->
		STEP(seq = (s + 1) % 8);
#ifndef COUNT_EARLY
		STEP(n = count);
#endif
		if
		:: n < CAPACITY ->
			STEP(slot[n] = obj);
			n = n + 1;
			done = true
		:: else
		fi;
		STEP(s = seq);
		STEP(count = n; seq = (s + 1) % 8)
	fi;
	if
	:: !done -> central_free()
	:: else
	fi
}

/* Interrupts are off: of all that is above, only an NMI may come in between. */
inline drain()
{
	STEP(s = seq);
#ifdef DRAIN_ANYWAY
	s = 0;
#endif
	if
	:: s & 1		/* left for the next round */
	:: else ->
		STEP(s = seq; seq = (s + 1) % 8);
		do
		:: STEP(n = count);
			if
			:: n > 0 ->
				STEP(o = slot[n - 1]; count = n - 1);
				lock_central();
				STEP(central[o] = true);
				unlock_central()
			:: else -> break
			fi
		od;
		STEP(s = seq);
		STEP(seq = (s + 1) % 8)
	fi
}

inline unpark()
{
	o = 0;
	do
	:: o < OBJECTS ->
		if
		:: atomic { level == L && parked[o] -> parked[o] = false };
			lock_central();
			STEP(central[o] = true);
			unlock_central()
		:: atomic { level == L && !parked[o] }
		fi;
		o++
	:: else -> break
	od
}

/* Comes at most that many times, and each time does one thing.  May have an object. */
proctype context(byte L; byte times; byte mine)
{
	byte s, n, obj = NONE, o, below;
	bool got, done, was_off, below_off;

	do
	:: times > 0 ->
		times--;
		if
		:: L > 0 ->
			if
			:: atomic { !dead && level < L && (L == 3 || !irqs_off) ->
				   below = level; below_off = irqs_off; level = L;
				   irqs_off = irqs_off || L >= 2 }
			:: dead -> break
			fi
		:: else
		fi;
		if
		:: mine == NONE -> alloc(); mine = obj
		:: mine != NONE -> obj = mine; mine = NONE; free()
		:: L == 2 -> drain()
		:: L == 2 -> unpark()
		fi;
		/* What nobody reads again should not make states differ. */
		atomic { s = 0; n = 0; o = 0; obj = NONE; got = false; done = false; was_off = false }
		if
		:: L > 0 -> STEP(level = below; irqs_off = below_off; below = 0; below_off = false)
		:: else
		fi
	:: else -> break
	od;
	if
	:: L == 0 -> atomic { level == 0 -> dead = true }
	:: else
	fi;
	finished++
}

byte places[OBJECTS];

/* The hotplug callback, on another CPU, and then the count. */
proctype undertaker()
{
	byte i;

	finished == 4;
	/* seq is not looked at: there is nobody who could be in the section. */
	assert(!(seq & 1));
	do
	:: count > 0 -> count--; assert(!central[slot[count]]); central[slot[count]] = true
	:: else -> break
	od;
	for (i : 0 .. OBJECTS - 1) {
#ifndef PARKED_STAY
		if
		:: parked[i] -> parked[i] = false; assert(!central[i]); central[i] = true
		:: else
		fi;
#endif
		assert(!parked[i]);
		assert(central[i] + user[i] == 1)
	}
}

init {
	atomic {
		/* One object in the array; the NMI has one, or will ask for one. */
		slot[0] = 0;
		count = 1;
		central[1] = true;
		run context(0, TASK_RUNS, NONE);
		run context(1, 1, NONE);
		run context(2, 2, NONE);
		if
		:: central[2] = true; run context(3, NMI_RUNS, NONE)
		:: user[2] = true; run context(3, NMI_RUNS, 2)
		fi;
		run undertaker()
	}
}
