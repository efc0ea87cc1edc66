// SPDX-License-Identifier: GPL-2.0
/* Work that anybody may ask for; see soon.h */
#include "compat.h"
#include "lock.h"
#include "soon.h"

void tcslab_soon_wake(struct irq_work *irq)
{
	queue_work(system_dfl_wq, &container_of(irq, struct tcslab_soon, irq)->work);
}

void tcslab_soon(struct tcslab_soon *soon)
{
	tcslab_irq_work_queue(&soon->irq);
}

void tcslab_soon_cancel(struct tcslab_soon *soon)
{
	irq_work_sync(&soon->irq);
	cancel_work_sync(&soon->work);
}
