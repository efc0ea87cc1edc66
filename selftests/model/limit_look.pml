/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Before anybody is refused at a cache's limit: one who looks, and one object that had been freed
 * before he began.
 *
 * The limit is one span of one object.  The object is in the array of a CPU, free in its span, or
 * waits for a grace period; somebody frees what waits when that is over, and somebody drains:
 * an empty span leaves its list, and after a while it is no longer charged.  Each step below
 * is one access to memory; the barriers of the code make their order what is written here.
 *
 * To show: he is served, since there is nobody else.
 *
 * The code modelled: tcslab_limit_look() and is_coming() of limit_wait.c,
 * tcslab_central_in_hands() and uncharge() of central_spans.c, free_limited() of rcu_backlog.c,
 * put() of cpu_cache.c, narrow() of cpu_section.c, settle() of cpu_drain.c.
 *
 * Known-wrong variants, each of which has to be found:
 *	NO_SETTLE	he does not empty the arrays
 *	EVENTS_FIRST	he reads the number of events before he looks what is coming
 *	COUNT_FIRST	what waits for RCU is not counted any more before it is free
 *	HELD_ONLY_FREE	what is in somebody's hands is not waited for
 *	NOT_COUNTED	a span that is not charged any more, and nobody knows of it yet, is not either
 */

bit n, array, room, busy;
byte coming_back;			/* waits for a grace period, or is just being uncharged */
bit in_list, listed, held;		/* the object is free in its span; pages of spans */
byte events;
bool served;

inline came_back()
{
	if
	:: n -> events++
	:: else
	fi
}

/* An object is freed on the CPU with the array. */
inline put()
{
	atomic { !busy -> busy = 1 };
	if
	:: room -> array = 1
	:: else -> in_list = 1; came_back()
	fi;
	busy = 0
}

/* A grace period is over. */
proctype reaper(bool some)
{
	if
	:: some ->
#ifdef COUNT_FIRST
		coming_back--;
		put()
#else
		put();
		coming_back--
#endif
	:: else
	fi
}

/* Whoever gives empty spans back, at any time or never. */
active proctype drainer()
{
end:	atomic { in_list -> in_list = 0; listed = 0 };
#ifndef NOT_COUNTED
	coming_back++;
#endif
	held = 0;
	came_back();
#ifndef NOT_COUNTED
	coming_back--
#endif
}

proctype looker()
{
	byte seen;
	bool coming, changed;
	bit was_listed;

	n = 1;
	room = 0;
#ifndef NO_SETTLE
	if
	:: array || busy ->
		/* An interrupt, again and again until it is between two sections. */
		atomic {
			!busy ->
			if
			:: array -> array = 0; in_list = 1; events++
			:: else
			fi
		}
	:: else
	fi;
#endif
	do
	:: true ->
		seen = events;
		/* In a span, or in a new one. */
		atomic {
			if
			:: in_list -> in_list = 0; served = true
			:: else
			fi
		};
		if
		:: served -> break
		:: else
		fi;
		atomic {
			if
			:: !held -> held = 1; served = true
			:: else
			fi
		};
		if
		:: served -> break
		:: else
		fi;
#ifdef EVENTS_FIRST
		changed = events != seen;
#endif
		coming = array;
#ifndef HELD_ONLY_FREE
		was_listed = listed;
		coming = coming || held > was_listed;
#endif
		coming = coming || coming_back > 0;
#ifndef EVENTS_FIRST
		changed = events != seen;
#endif
		if
		:: !changed && !coming -> break
		:: else	/* again, now or in a moment */
		fi
	od;
	assert(served)
}

init {
	atomic {
		room = 1;
		listed = 1;
		held = 1;
		if
		:: array = 1
		:: in_list = 1
		:: coming_back = 1
		fi;
		run reaper(coming_back);
		run looker()
	}
}
