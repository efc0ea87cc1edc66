/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A cache's minimum and the arrays' capacity: three users on three CPUs.
 *
 * There are PROMISED objects set aside and one more that may be anywhere; no memory
 * besides.  Each user holds one object at most, and may be on another CPU for each
 * call.  Each step below is one access to memory; the barriers of the code make their
 * order what is written here.
 *
 * To show: in the end, when all objects are back, the minimum is whole: no array has
 * swallowed one of it, whoever freed what where and when.
 *
 * @left and @vacant are how many slots are on the two stacks of a reserve, which slots.pml is
 * about.
 *
 * The code modelled: tcslab_slots_take() and _fill() of slots.c, tcslab_minimum_take() and
 * _give() of minimum.c, tcslab_cpu_set_capacity() and _narrow() of cpu_section.c, put() of cpu_cache.c.
 *
 * Known-wrong variants, each of which has to be found:
 *	FIRST_ONLY	only who breaks the minimum takes the arrays' room
 *	ROOM_FIRST	the arrays' room is taken before the minimum counts as broken
 *	NO_SECOND_LOOK	who makes room for himself does not look again
 */

#define CPUS		3
#define PROMISED	2
#define MAX		2
#define USERS		3
#define RUNS		2

byte left = PROMISED;
byte vacant;
byte room[CPUS] = MAX;	/* capacity: 0 or MAX */
byte array[CPUS];	/* objects */
byte surplus;		/* on the central list */
bool busy[CPUS];	/* somebody is in the middle of a call there */
byte finished;

inline narrow()
{
	c = 0;
	do
	:: c < CPUS -> room[c] = 0; c++
	:: else -> break
	od
}

inline alloc()
{
	if
	:: array[me] > 0 -> array[me]--; has = true
	:: atomic { array[me] == 0 && surplus > 0 -> surplus--; has = true }
	:: atomic { array[me] == 0 && surplus == 0 && left == 0 }
	:: atomic { array[me] == 0 && surplus == 0 && left > 0 -> left-- };
		has = true;
#ifdef ROOM_FIRST
		narrow();
#endif
		atomic { was = vacant; vacant++ };
#ifdef FIRST_ONLY
		if
		:: was == 0 -> narrow()
		:: else
		fi
#elif !defined(ROOM_FIRST)
		narrow()
#endif
	fi
}

inline free()
{
	/* The fast path's comparison; the push that follows is the same CPU's. */
	n = room[me];
	if
	:: array[me] < n -> array[me]++
	:: else ->
		atomic {
			if
			:: vacant > 0 -> vacant--; given = true
			:: else -> given = false
			fi
		}
		if
		:: given -> left++
		:: else ->
			if
			:: array[me] < MAX ->
				room[me] = MAX;
#ifndef NO_SECOND_LOOK
				if
				:: vacant > 0 -> room[me] = 0
				:: else
				fi;
#endif
				array[me]++
			:: else -> surplus++
			fi
		fi
	fi
}

inline enter()
{
	if
	:: atomic { !busy[0] -> busy[0] = true; me = 0 }
	:: atomic { !busy[1] -> busy[1] = true; me = 1 }
	:: atomic { !busy[2] -> busy[2] = true; me = 2 }
	fi
}

inline leave()
{
	atomic { busy[me] = false; me = 0; c = 0; n = 0; was = 0; given = false }
}

proctype user(bool has)
{
	byte times = RUNS, me, c, n, was;
	bool given;

	do
	:: times > 0 ->
		times--;
		enter();
		if
		:: has -> has = false; free()
		:: else -> alloc()
		fi;
		leave()
	:: else -> break
	od;
	if
	:: has -> enter(); has = false; free(); leave()
	:: else
	fi;
	finished++
}

proctype judge()
{
	finished == USERS;
	assert(left == PROMISED);
	assert(vacant == 0);
	assert(array[0] + array[1] + array[2] + surplus == 1)
}

init {
	atomic {
		run user(true);	/* the one more */
		run user(false);
		run user(false);
		run judge()
	}
}
