package control

import (
	"testing"
	"time"
)

// keep looks again and again until the vigil is over, and gives how often it has looked.
func keep(v *vigil, next func(at int) look) int {
	for at := 1; ; at++ {
		if v.isOver(next(at)) {
			return at
		}
	}
}

func TestItIsNotWaitedForAGroupThatIsAsLargeAsBefore(t *testing.T) {
	for _, size := range []uint64{0, 6, 7} {
		v := vigil{before: 7}
		if looks := keep(&v, func(int) look { return look{size: size, isBusy: true} }); looks != 1 || v.largest != size {
			t.Errorf("%d looks at %d processes, %d at most", looks, size, v.largest)
		}
	}
}

func TestAGroupIsAtRestWhenNobodyWorks(t *testing.T) {
	v := vigil{before: 7}
	if looks := keep(&v, func(int) look { return look{size: 9, worked: 5} }); looks != 1+restLooks || v.largest != 9 {
		t.Errorf("%d looks, %d processes at most", looks, v.largest)
	}
}

func TestAGroupIsNotAtRestWhileSomebodyWaitsForAProcessor(t *testing.T) {
	v := vigil{before: 7}
	if looks := keep(&v, func(at int) look { return look{size: 9, isBusy: at < 100} }); looks != 99+restLooks {
		t.Errorf("%d looks", looks)
	}
}

// worked is what a group has done that works all the time.
func worked(at int) time.Duration { return time.Duration(at) * lookLast }

const workLooks = int(workMax / lookLast)

func TestAGroupThatWorksAndBecomesNoLargerIsNotWaitedForLong(t *testing.T) {
	v := vigil{before: 7}
	looks := keep(&v, func(at int) look { return look{size: 9 - uint64(at%2), worked: worked(at)} })
	if looks != 2+workLooks || v.largest != 9 {
		t.Errorf("%d looks, %d processes at most", looks, v.largest)
	}
}

func TestAGroupThatBecomesLargerIsWaitedFor(t *testing.T) {
	v := vigil{before: 7}
	looks := keep(&v, func(at int) look { return look{size: min(8+uint64(at/workLooks), 20), worked: worked(at)} })
	if looks != 13*workLooks || v.largest != 20 {
		t.Errorf("%d looks, %d processes at most", looks, v.largest)
	}
}

func TestNobodyIsWaitedForWithoutEnd(t *testing.T) {
	v := vigil{}
	if looks := keep(&v, func(at int) look { return look{size: uint64(at)} }); looks != looksMax {
		t.Errorf("%d looks", looks)
	}
}
